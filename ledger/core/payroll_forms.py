"""The lines of the payroll returns that are compared, with their words (IRS Forms 941 and 940, W-3)."""

from __future__ import annotations

LINES_941 = {
    "2": "Wages, tips and other compensation",
    "3": "Federal income tax withheld",
    "5a": "Taxable social security wages",
    "5a tax": "Social security tax, 12.4 %",
    "5c": "Taxable Medicare wages",
    "5c tax": "Medicare tax, 2.9 %",
    "5d": "Wages subject to additional Medicare",
    "5d tax": "Additional Medicare tax, 0.9 %",
    "6": "Total taxes before adjustments",
    "7": "Fractions of cents",
    "12": "Total taxes after adjustments",
    "13": "Deposits for the quarter",
    "14": "Balance due",
    "15": "Overpayment",
    "16 month 1": "Tax liability, first month",
    "16 month 2": "Tax liability, second month",
    "16 month 3": "Tax liability, third month",
}
LINES_940 = {
    "3": "Payments to all employees",
    "4": "Payments exempt from unemployment tax",
    "5": "Payments above 7,000.00 an employee",
    "6": "Exempt and above",
    "7": "Taxable wages",
    "8": "Tax at 0.6 %",
    "11": "Credit reduction",
    "12": "Total tax after adjustments",
    "13": "Deposits for the year",
    "14": "Balance due",
    "15": "Overpayment",
    "16a": "Liability of the first quarter",
    "16b": "Liability of the second quarter",
    "16c": "Liability of the third quarter",
    "16d": "Liability of the fourth quarter",
}
BOXES = {
    "1": "Wages, tips, other compensation",
    "2": "Federal income tax withheld",
    "3": "Social security wages",
    "4": "Social security tax withheld",
    "5": "Medicare wages and tips",
    "6": "Medicare tax withheld",
}
