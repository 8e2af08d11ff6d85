"""Who makes which output."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from ip2p_cli.choices import OnExists
from ip2p_cli.claims import Claims, Held
from ip2p_cli.journal import Journal
from ip2p_cli.types import EditJob, Source, Step


@pytest.mark.parametrize("on_exists", OnExists)
def test_a_photo_that_changes_while_it_is_edited_waits_for_that(tmp_path: Path, on_exists: OnExists) -> None:
    """With --watch: the newer version is neither an error nor forgotten."""
    job = EditJob(Source(tmp_path / "in.png", PurePosixPath("in.png")), tmp_path / "in.png", (Step("x"),))
    with Journal(tmp_path, "settings") as journal:
        claims = Claims(journal, on_exists)
        assert claims.claim(job, "first version") == job
        held = claims.claim(job, "second version")
        assert isinstance(held, Held) and claims.is_held(held)
        claims.give_back(job)
        assert not claims.is_held(held)
        assert claims.claim(job, "second version") == job
