"""Where and how to ask: endpoints, the providers' addresses and keys, and what is masked."""
