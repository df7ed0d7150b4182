"""The lab: a local server that streams like the server of a language model, on time.

`Lab` starts it as a process of its own; `lab.run` serves in the foreground.  The lab speaks
the providers' paths.  ``model`` names the scenario, and the prompt changes nothing.

Rule: standard library, h11 and the tape room.  Importing this package does not load h11.
"""

from streamlab.server.process import Lab

__all__ = ["Lab"]
