import shutil
from pathlib import Path

import protocol
from backends.replicas.version import digest_of, version

FOLDER = Path(protocol.__file__).parent


def test_version_is_that_of_what_crosses_wherever_it_lies(tmp_path: Path):
    copy = shutil.copytree(FOLDER, tmp_path / "elsewhere")
    assert digest_of(copy) == version()
    (copy / "request.py").write_text((copy / "request.py").read_text() + "# newer\n")
    assert digest_of(copy) != version()
