"""What health looks at in a house: where it writes."""

from pathlib import Path

from brainarr.wiring.build import open_house
from brainarr.wiring.serve import written_folders


async def test_every_folder_it_writes_to_must_have_room(tmp_path: Path) -> None:
    home, share, logs, data = (tmp_path / name for name in ("home", "share", "logs", "data"))
    for folder in (share, logs, data):
        folder.mkdir()
    environ = {
        # The first backup makes it.
        "BRAINARR__BACKUP__FOLDER": str(share / "of" / "brainarr"),
        "BRAINARR__LOG__FILE": str(logs / "brainarr.log"),
        "BRAINARR__DATABASE__URL": f"sqlite:///{data / 'brainarr.db'}",
    }
    async with open_house(home, environ) as house:
        assert written_folders(house) == (home, share, data, logs)
        (share / "of" / "brainarr").mkdir(parents=True)
        assert written_folders(house)[1] == share / "of" / "brainarr"


async def test_what_lies_in_one_folder_is_looked_at_once(tmp_path: Path) -> None:
    async with open_house(tmp_path, {"BRAINARR__LOG__FILE": "brainarr.log"}) as house:
        assert written_folders(house) == (tmp_path,)
