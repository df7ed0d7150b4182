"""Where and how to ask: endpoints, the providers' addresses and keys, masking of secrets."""
