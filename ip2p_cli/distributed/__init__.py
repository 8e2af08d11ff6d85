"""Photos edited by several workers, on one machine or many.

Each worker edits as a single process does, by `assembly.edit_photos` (`worker.py`). What it asks of the run on the way
(`requests.py`) the run answers at its desk (`desk.py`): it hands out photos, alone has the journal open, alone gives
files their names, and tells outcomes in order (`pool.py`). How workers are started is `ip2p_cli.workers`' matter.
"""
