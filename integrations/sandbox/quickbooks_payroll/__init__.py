"""A small QuickBooks Payroll: its GraphQL payslips, and the register a person exports."""
