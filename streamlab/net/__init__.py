"""Stamped sockets: bytes from the network, each read with the time it arrived."""
