"""A small Shopify: OAuth, the Admin GraphQL API and its limits for the shops of the story."""
