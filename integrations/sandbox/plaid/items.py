"""Items (one login at the bank each), what they can see, and the tokens that lead to them."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING

from integrations.sandbox.world.calendar import HORIZON
from integrations.sandbox.world.planted import FEED_VISIBLE_THROUGH

if TYPE_CHECKING:
    from integrations.sandbox.service import Setting
    from integrations.sandbox.state import Record

PUBLIC_TOKEN_SECONDS = 1800
INSTITUTION = "ins_100001"
INSTITUTION_NAME = "Larkfield Community Bank"


@dataclass(slots=True)
class Item:
    """`visible_through` is the last day the bank has delivered; `generation` changes when data moves while paging."""

    id: str
    company: str
    access_token: str
    days_requested: int
    webhook: str
    visible_through: str
    login_required: bool = False
    removed: bool = False
    generation: int = 0

    @property
    def today(self) -> date:
        return date.fromisoformat(self.visible_through)


class Items:
    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._items: dict[str, Item] = {}
        self._public: dict[str, tuple[str, int]] = {}

    def add(self, company: str, *, days_requested: int, webhook: str) -> Item:
        """A new login. Quillfeather's bank has delivered only part of March until its login was repaired."""
        held_back = self._setting.world.company(company).cast.catering_account
        through = FEED_VISIBLE_THROUGH if held_back else HORIZON
        token = f"access-sandbox-{secrets.token_hex(16)}"
        item = Item(secrets.token_urlsafe(27), company, token, days_requested, webhook, through.isoformat())
        self._items[item.id] = item
        self.remember(item)
        return item

    def issue_public_token(self, item: Item) -> str:
        token = f"public-sandbox-{secrets.token_hex(16)}"
        self._public[token] = item.id, self._setting.clock.now() + PUBLIC_TOKEN_SECONDS
        return token

    def redeem(self, public_token: str) -> Item | None:
        """The item of a fresh public token, which is used up by this."""
        item_id, ends = self._public.pop(public_token, ("", 0))
        return self._items.get(item_id) if ends >= self._setting.clock.now() else None

    def by_access_token(self, token: str) -> Item | None:
        return next((item for item in self._items.values() if secrets.compare_digest(item.access_token, token)), None)

    def of_company(self, company: str) -> list[Item]:
        return [item for item in self._items.values() if item.company == company and not item.removed]

    def repair(self, item: Item) -> None:
        """The login works again and the bank delivers everything it held back."""
        item.login_required = False
        if item.visible_through != HORIZON.isoformat():
            item.visible_through = HORIZON.isoformat()
            item.generation += 1
        self.remember(item)

    def rotate(self, item: Item) -> str:
        item.access_token = f"access-sandbox-{secrets.token_hex(16)}"
        self.remember(item)
        return item.access_token

    def remember(self, item: Item) -> None:
        self._setting.log.append("plaid", "item", item=asdict(item))

    def replay(self, record: Record) -> None:
        item = Item(**record["item"])
        self._items[item.id] = item

    def reset(self) -> None:
        self._items.clear()
        self._public.clear()
