"""A small Melio: the platform API's bills, payments and funding sources, without pages or filters."""
