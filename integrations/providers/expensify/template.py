"""What Expensify shall print of each report: a line of JSON. The template is ours, so that every text is escaped.

Freemarker by https://integrations.expensify.com/Integration-Server/doc/export_report_template.html. Without ``json_string`` a
merchant's name with a quotation mark would break the file; without ``c`` numbers would be printed for people; without a default
an absent field would end the job. Amounts that are not there are left out.
"""

from __future__ import annotations

_EXPENSE_TEXTS = (
    *("transactionID", "merchant", "modifiedMerchant", "currency", "created", "modifiedCreated", "category"),
    *("categoryGlCode", "tag", "tagGlCode", "bank", "cardID", "cardName", "mcc", "receiptID", "receiptFilename"),
    *("comment", "type", "taxName"),
)
_AMOUNTS = ("amount", "modifiedAmount", "convertedAmount", "taxAmount")
_REPORT_TEXTS = (
    *("reportID", "oldReportID", "reportName", "accountEmail", "policyID", "currency", "status", "created"),
    *("submitted", "approved", "managerEmail"),
)
_REPAID_TEXTS = ("reimbursed", "entryID")


def _texts(of: str, names: tuple[str, ...]) -> str:
    return ",".join(f'"{name}":"${{({of}.{name}!"")?json_string}}"' for name in names)


def _numbers(of: str, names: tuple[str, ...]) -> str:
    return "".join(f'<#if {of}.{name}?has_content>,"{name}":${{{of}.{name}?c}}</#if>' for name in names)


def _flag(of: str, name: str) -> str:
    return f'<#if {of}.{name}?has_content>,"{name}":${{{of}.{name}?string("true","false")}}</#if>'


def _list(fields: str) -> str:
    return f',"transactionList":[<#list report.transactionList as expense>{{{fields}}}<#sep>,</#sep></#list>]'


_SUBMITTER = ',"submitter":{"fullName":"${(report.submitter.fullName!"")?json_string}"}'
_RECEIPT = ",".join(f'"{name}":"${{(expense.receiptObject.{name}!"")?json_string}}"' for name in ("url", "type"))
_EXPENSE = (
    _texts("expense", _EXPENSE_TEXTS)
    + _numbers("expense", _AMOUNTS)
    + _flag("expense", "reimbursable")
    + f',"receiptObject":{{{_RECEIPT}}}'
)
_MONEY = (
    _texts("expense", ("transactionID", "currency"))
    + _numbers("expense", _AMOUNTS[:3])
    + _flag("expense", "reimbursable")
)
_HEADER = _texts("report", _REPORT_TEXTS) + _numbers("report", ("total",)) + _SUBMITTER
_REPAID = _HEADER + "," + _texts("report", _REPAID_TEXTS) + _flag("report", "isACHReimbursed") + _list(_MONEY)


def _rows(row: str) -> str:
    return f"<#list reports as report>{row}\n</#list>"


#: A report with all that is booked of it.
WHOLE = _rows(f"{{{_HEADER}{_list(_EXPENSE)}}}")
#: A report that is not approved: that there is one.
BARE = _rows(f'{{{_HEADER},"transactionList":[]}}')
#: What a report comes to and whether it was paid back.
REPAID = _rows(f'{{"reimbursement":{{{_REPAID}}}}}')
#: For a job whose file nobody fetches.
NAMES = _rows("${report.reportID}")
