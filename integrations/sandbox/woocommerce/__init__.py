"""A small WooCommerce store: its consent page, its keys, and the orders it lists."""
