"""The typed client: `operations.Api` and the `shapes` it takes and gives, made from the API's schema."""
