"""Sets up a checkout: Debian libraries, `.venv`, and the locked Python packages.

The only place that installs anything. Runs on the system's Python with nothing but the standard
library, because it runs before there is anything else. Safe to run again: it does only what the
lock files or the system ask for, and takes well under a second when nothing changed.
"""

from __future__ import annotations

import compileall
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "signoff-setup.sha256"
LOCKS = (ROOT / "requirements" / "bootstrap.lock", ROOT / "requirements" / "dev.lock")

#: What `make run` needs to show a window and to keep a password.
RUN_PACKAGES = (
    "libglib2.0-0",
    "libdbus-1-3",
    "libgl1",
    "libegl1",
    "libfontconfig1",
    "libxkbcommon0",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-keysyms1",
    "libxcb-shape0",
    "libxcb-xkb1",
    "libxcb-render-util0",
    "libxcb-image0",
    "libxkbcommon-x11-0",
    "libbrotli1",
    "ca-certificates",
)
#: What the tests need beside: a real broker, databases, keyring, notification daemon and display.
TEST_PACKAGES = (
    "redis-server",
    "postgresql",
    "mariadb-server-core",  # the server's files only: nothing that a system would start
    "dbus",
    "gnome-keyring",
    "dunst",
    "xvfb",
    "xauth",
    "git",
)
VENV_PACKAGE = "python3-venv"


def main() -> int:
    """Set up what `make run` needs, or with `--tests` also what `make test` needs."""
    if sys.version_info < (3, 11):
        print(f"Signoff needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
        return 1
    wanted = [*RUN_PACKAGES, *(TEST_PACKAGES if "--tests" in sys.argv[1:] else ())]
    if not _can_make_venv():
        wanted.append(VENV_PACKAGE)
    if not _install_debian(wanted):
        return 1
    _install_python()
    return 0


def _can_make_venv() -> bool:
    return (VENV / "bin" / "python").exists() or _runs([sys.executable, "-c", "import ensurepip"])


def _install_debian(wanted: list[str]) -> bool:
    """Install the Debian packages that are missing; say how when that is not ours to do."""
    if shutil.which("dpkg-query") is None:
        print("Not a Debian system: install the libraries that Qt needs by its own means.")
        return True
    missing = [name for name in wanted if not _is_installed(name)]
    if not missing:
        return True
    if os.geteuid() != 0:
        print("Missing libraries. Install them with:\n")
        print(f"  sudo apt-get install -y --no-install-recommends {' '.join(missing)}\n")
        return False
    print(f"Installing {len(missing)} Debian packages: {' '.join(missing)}", flush=True)
    # No service is started: the tests run their own servers on free ports.
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    command = ["apt-get", "install", "-y", "--no-install-recommends", "-qq", *missing]
    if subprocess.run(command, env=env, stdout=subprocess.DEVNULL).returncode == 0:
        return True
    # A fresh machine has no package lists yet.
    subprocess.run(["apt-get", "update", "-qq"], env=env, check=True)
    return subprocess.run(command, env=env, stdout=subprocess.DEVNULL).returncode == 0


def _is_installed(name: str) -> bool:
    answer = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}", name], capture_output=True, text=True
    )
    return answer.stdout.startswith("ii")


def _install_python() -> None:
    """Make `.venv` and bring it to the state of the locks, unless it already is there."""
    _compile(ROOT / "desktop", ROOT / "workers")
    wanted = hashlib.sha256(b"".join(lock.read_bytes() for lock in LOCKS)).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(LOCKS[0])], check=True)
    uv = [str(VENV / "bin" / "uv"), "pip"]
    target = ["--python", str(python), "-q"]
    subprocess.run([*uv, "sync", *target, "--require-hashes", str(LOCKS[1])], check=True)
    # The project itself, editable; its build tool is in the lock, so nothing else is fetched.
    editable = ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    subprocess.run([*uv, "install", *target, *editable], check=True)
    _compile(VENV / "lib")
    STAMP.write_text(wanted)


def _compile(*folders: Path) -> None:
    """Compile what changed, here once instead of at every start."""
    for folder in folders:
        # Templates inside packages are no Python; they are left alone, silently.
        compileall.compile_dir(folder, quiet=2)


def _runs(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
