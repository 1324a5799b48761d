"""A stand-in Tableau Server: real HTTP on 127.0.0.1, stateful, and the data actions carried out by a real hyperd.

A peer for tests, not a product. What it vouches for: the order of calls, their XML against Tableau's own schema, byte
for byte what was published, and what the data actions do to the rows. What it cannot vouch for is whatever a real
server does beside its documented answers: limits and quotas, the texts and numbers of most errors, how long jobs wait
and in what order, whether a repeated request id is remembered for hours or days, whether a tag moves `updatedAt`,
whether a download is the file that was published or a packaging of it, how Tableau Cloud gives a recurrence back, and
who may choose a TabPy.
"""

from tableau_server.faults import Fault
from tableau_server.server import StandIn, running
from tableau_server.state import Content, Job, State

__all__ = ["Content", "Fault", "Job", "StandIn", "State", "running"]
