"""Hypothesis strategies for the world."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from ip2p_gen_data.world.scene import Scene, sample

seeds = st.integers(0, 2**40 - 1)
scenes: st.SearchStrategy[Scene] = seeds.map(sample)
generators = seeds.map(random.Random)
