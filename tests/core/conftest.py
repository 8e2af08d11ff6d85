"""Examples may take their time: machines differ, and what is tested is not speed."""

from hypothesis import settings

settings.register_profile("patient")
settings.load_profile("patient")
