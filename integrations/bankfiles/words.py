"""What banks call their columns, in the languages of the samples and their neighbours. Words only; content decides too."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_NOT_WORD = re.compile(r"[^a-z0-9]+")
_ORIGINAL = r"(?:foreign|orig(?:inal)?|oorspr\w*|fremd\w*|local|instructed|counter)"
_MONEY = r"(?:amount|betrag|bedrag|montant|importe|value)"
_COUNTER = (
    r"(?:tegen\w*|counter\w*|contra|gegen\w*|partner|payee|beneficiary|empfanger\w*|zahlungsempf\w*|other|friend)"
)

# in order: the first that matches names the role
_ROLES: tuple[tuple[str, str], ...] = (
    ("ignored", (r"exchange|\brate\b|wechselkurs|umrechnungskurs|\bkoers\b|\bbic\b|swift|bankleitzahl|year to date"
                    r"|statement period")),
    ("original_amount", rf"{_ORIGINAL} ?{_MONEY}|{_MONEY} {_ORIGINAL}|{_MONEY} (?:in )?currency$|originalbetrag"),
    ("original_currency", rf"{_ORIGINAL} ?(?:currency|munt|wahrung|ccy|valuta|devise)|originalwahrung"),
    ("balance", r"balance|running bal|^bal$|saldo|solde|kontostand|zustatek|stan konta|egyenleg"),
    ("value_date", r"value date|valuta ?dat\w*|wertstellung\w*|rentedatum|valeur|fecha valor|data valuta|effective|belegdatum"),
    ("counterparty", rf"(?:naam|name) {_COUNTER}|{_COUNTER} (?:naam|name)"),
    ("ignored", (rf"{_COUNTER}.*(?:rekening\w*|account|iban|konto\w*|bank|adres\w*|address|number|id)"
                    rf"|(?:rekening\w*|iban|adres) {_COUNTER}"
                r"|^tegenrekening|^gegenkonto|^counteraccount")),
    ("counterparty", rf"^{_COUNTER}$|^begunstigter|^auftraggeber(?: begun\w*)?$"),
    ("posted_date", (r"post(?:ed|ing)? date|date posted|post dt|booking date|date booked|buchungs?(?:tag|datum)"
                    r"|^buchung$|boek(?:ings)?datum"
                    r"|completed date|settle\w* date|date (?:de )?comptab\w*|fecha (?:de )?(?:contable|operacion)|data contabile"
                    r"|bok\w*da[tg]\w*|bogf\w*dat\w*|kirjaus\w*|zauct\w*|ksiegowania|cleared date|process\w* date|entry date")),
    ("date", r"\bdates?\b|\bdatum\b|datum$|^dato$|^data\b|fecha|datetime|^created|timestamp|^pvm|paivam|^started"),
    ("flag", (r"^(?:d c|c d|dc|cd|cr dr|dr cr|dbit crdt|debit credit|credit debit|(?:credit|debit) or (?:credit"
                    r"|debit)|af bij|bij af"
             r"|soll haben|s h|sign|(?:transaction )?type|details|direction|in out|.*indicator|cdt dbt ind|mutatiesoort|sens)$")),
    ("fee", r"\bfees?\b|gebuhr\w*|commission|entgelt|kosten"),
    ("debit", (r"\b(?:debits?|debet|withdrawals?|paid out|money out|payments? out|outgoing|debito|cargos?|soll"
                    r"|belastung\w*|lastschrift"
              r"|auszahlung\w*|ausgaben?|ausgang|uitgaven|spent|adeudos?|uscite|addebiti|sorties?|utgift\w*"
                    r"|wydatki|obciazenia)\b|^(?:out|af)$")),
    ("credit", (r"\b(?:credits?|deposits?|paid in|money in|payments? in|incoming|haben|gutschrift|credito|abonos?|einzahlung\w*"
               r"|einnahmen?|eingang|received|entrate|accrediti|entrees?|inkomsten|ingresos|uznania|wplywy)\b|^(?:in|bij)$")),
    ("currency", r"\bcurrency\b|^munt$|wahrung|^valuta$|^devise$|divisa|moneda|waluta|\bccy\b|valuutta|^mena$"),
    ("amount", (r"amount|betrag|bedrag|montant|\bimporte?\b|importo|\bvalor\b|belopp?|belob|\bsumm?a\b|kwota|castka|^umsatz\b"
               r"|^value$|^net$|^gross$|^total$|iznos|osszeg")),
    ("status", r"^(?:status|state|stav)$"),
    ("account", (r"^(?:own )?(?:account|accounts? (?:number|no|name|id|iban)|iban|iban bban"
                    r"|(?:iban )?auftrags?(?:geber)?konto|konto"
                r"|kontonummer|rekening|rekeningnummer|compte|cuenta|conto|iban number)$")),
    ("reference", r"reference|referenz|referentie|check|cheque|slip|^id$|transaction id|^ref\b"),
    ("description", (r"desc|detail|narrative|narration|memo|label|text|omschrijving|verwendungszweck|libelle"
                    r"|concepto|causale|note"
                    r"|message|mededeling|particulars|remittance|zweck|popis|tytul|opis|purpose|\binfo\b"
                    r"|beschreibung|transaction$")),
    ("counterparty", r"\bname\b|\bnaam\b|payee|merchant|empfanger|beneficiary|counterparty|^from$|^to$"),
)  # fmt: skip
_PATTERNS = tuple((role, re.compile(pattern)) for role, pattern in _ROLES)

FLAG_OUT = frozenset([
    "d", "dr", "db", "debit", "dbit", "debet", "s", "soll", "af", "out", "o", "-", "lastschrift", "withdrawal", "debito",
    "belastung", "outgoing", "money out", "w",
])  # fmt: skip
FLAG_IN = frozenset([
    "c", "cr", "cb", "credit", "crdt", "h", "haben", "bij", "in", "i", "+", "gutschrift", "deposit", "credito", "incoming",
    "money in",
])  # fmt: skip
PENDING = frozenset(
    ["pending", "authorised", "authorized", "in progress", "processing", "vorgemerkt", "issued", "on hold"]
)
VOID = frozenset(
    ["failed", "declined", "cancelled", "canceled", "reverted", "denied", "expired", "voided", "removed", "rejected"]
)
CARD = re.compile(r"(?i)\bcards?\b|credit.?card|kreditkarte|mastercard|\bvisa\b|\bamex\b|card.?member")
PAYMENT = re.compile(
    r"(?i)payment.{0,12}(?:thank|received)|autopay|thank you|direct debit payment|lastschrift.*kreditkarte"
)

CURRENCIES = frozenset([
    "AED", "ARS", "AUD", "BAM", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR",
    "GBP", "GEL", "HKD", "HRK", "HUF", "IDR", "ILS", "INR", "ISK", "JOD", "JPY", "KES", "KRW", "KWD", "KZT", "LKR",
    "MAD", "MXN", "MYR", "NGN", "NOK", "NZD", "OMR", "PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR",
    "SEK", "SGD", "THB", "TND", "TRY", "TWD", "UAH", "USD", "UYU", "VND", "XOF", "ZAR",
])  # fmt: skip


@lru_cache(maxsize=2048)
def plain(text: str) -> str:
    """Lower case letters and digits without accents, words parted by one space."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return _NOT_WORD.sub(" ", bare).strip()


@lru_cache(maxsize=2048)
def role(header: str) -> str:
    """What a column heading names, or empty."""
    words = plain(header[:80])
    return next((name for name, pattern in _PATTERNS if words and pattern.search(words)), "")


def currency_in(text: str) -> str:
    """The one currency code standing in a heading, or empty."""
    codes = {word for word in re.findall(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])", text) if word in CURRENCIES}
    if "€" in text or re.search(r"\beuros?\b", text, re.IGNORECASE):
        codes.add("EUR")
    return codes.pop() if len(codes) == 1 else ""
