"""To the network: endpoints, stamped sockets under httpx, streams under way.

`streams` and `astreams` read sockets through a `meter`; `seam` puts them under a client's
pools; `taping` writes what a response brings on a recorder; `capture` does it for requests of
our own; `stream` and `watch` are what a user holds meanwhile.  For requests of others, `tap`
is put into a client by `wiring`, and `following` and `bodies` go along; `attach` is for one
response.  `frames` tells apart the streams of one HTTP/2 connection.
"""
