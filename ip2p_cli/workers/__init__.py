"""Work done by several workers: processes of this machine, one a device, or actors on a Ray cluster.

A worker asks and the run that hired it answers, over a channel; how that is made is all that the two kinds differ in
(`processes.py`, `ray_actors.py`). A worker may die at any moment: what it had in hand goes to the others.
"""

from __future__ import annotations

from ip2p_cli.workers.channel import Channel, Link, Post, Workplace
from ip2p_cli.workers.choose import choose_workplace
from ip2p_cli.workers.pool import Handler, Pool
from ip2p_cli.workers.spread import spread
from ip2p_cli.workers.work_queue import WorkQueue

__all__ = ["Channel", "Handler", "Link", "Pool", "Post", "WorkQueue", "Workplace", "choose_workplace", "spread"]
