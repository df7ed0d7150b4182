"""What arrived: reads and their stamps, the clock, the journal, edits.

Standard library only.  This room does not know what the bytes mean.
"""

# "import x as x" says that the name is public here.
from streamlab.tape import edits as edits
from streamlab.tape import journal as journal
from streamlab.tape.clock import Anchor as Anchor
from streamlab.tape.clock import Clock as Clock
from streamlab.tape.clock import anchor as anchor
from streamlab.tape.clock import monotonic_ns as monotonic_ns
from streamlab.tape.journal import Journal as Journal
from streamlab.tape.journal import load as load
from streamlab.tape.journal import save as save
from streamlab.tape.reads import ARRIVALS as ARRIVALS
from streamlab.tape.reads import TIERS as TIERS
from streamlab.tape.reads import UNKNOWN as UNKNOWN
from streamlab.tape.reads import Arrival as Arrival
from streamlab.tape.reads import Columns as Columns
from streamlab.tape.reads import End as End
from streamlab.tape.reads import Final as Final
from streamlab.tape.reads import How as How
from streamlab.tape.reads import Read as Read
from streamlab.tape.reads import Recorder as Recorder
from streamlab.tape.reads import Sends as Sends
from streamlab.tape.reads import Stamp as Stamp
from streamlab.tape.reads import Tape as Tape
from streamlab.tape.reads import Tier as Tier
from streamlab.tape.reads import tape_of as tape_of
