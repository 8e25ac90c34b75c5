"""Runs what our Dockerfile describes as Docker would, without Docker: in namespaces of its own, on a root
file system that is read-only, as PID 1, with the capabilities, the user and the variables of a compose file.

What stands in: this machine's system for the base image, and this test run's environment for what the first
stage installs.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.packaging.clone import ROOT
from tests.packaging.dockerfile import Stage, read_dockerfile

PATIENCE_S = 60
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
_PROGRAM = """#!/bin/sh
PYTHONPATH=/opt/src exec /opt/brainarr/bin/python -m brainarr "$@"
"""
_UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")

AS_COMPOSED = ("CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID")
"""What our compose files leave to root."""


def can_contain() -> bool:
    """Whether this machine lets us: root, on a Linux with namespaces and overlays."""
    if os.getuid() != 0 or sys.platform != "linux":
        return False
    return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0


def image() -> Stage:
    return read_dockerfile((ROOT / "Dockerfile").read_text())[-1]


@dataclass(frozen=True)
class Container:
    process: "subprocess.Popen[str]"
    prefix: tuple[str, ...]
    """What a program is started with that shall have this environment and these rights."""

    @property
    def first(self) -> int:
        """Its PID 1, as this machine counts."""
        parent = self.process.pid
        return int(Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0])

    def execute(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """docker exec"""
        enter = ("nsenter", f"--target={self.first}", "--mount", "--pid", "--root", "--wd=/")
        return subprocess.run(
            [*enter, *self.prefix, *words], capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )

    def stop(self) -> tuple[int, str]:
        """docker stop: exit code, and what it had said. Raises TimeoutExpired where Docker would kill it."""
        os.kill(self.first, 15)
        said, _ = self.process.communicate(timeout=10)
        return self.process.returncode, said


@contextmanager
def docker_run(
    folder: Path,
    config: Path,
    *command: str,
    environ: Mapping[str, str] | None = None,
    user: str = "0:0",
    capabilities: Sequence[str] = AS_COMPOSED,
) -> Iterator[Container]:
    """docker run --read-only --tmpfs /tmp --cap-drop ALL --cap-add … --security-opt no-new-privileges
    --volume CONFIG:/config IMAGE COMMAND. `folder` is for what the image is put together from.
    """
    variables = {"PATH": PATH} | image().environ | dict(environ or {})
    uid, gid = user.split(":")
    rights = ",".join(["-all", *(f"+{name.lower()}" for name in capabilities)])
    prefix = (
        "env", "-i", f"--chdir={image().last('WORKDIR').text}",
        *(f"{name}={value}" for name, value in variables.items()),
        "setpriv", "--no-new-privs", f"--bounding-set={rights}", "--inh-caps=-all", "--clear-groups",
        f"--reuid={uid}", f"--regid={gid}", "--",
    )  # fmt: skip
    entry = [word for word in image().last("ENTRYPOINT").words if word]
    if not Path(entry[0]).exists():
        # tini is the base image's affair; without it our own script is PID 1, which is harder.
        entry = entry[entry.index("--") + 1 :]
    words = [*prefix, *entry, *(command or image().last("CMD").words)]
    script = _script(folder, config, words)
    process = subprocess.Popen(
        [*_UNSHARE, "bash", "-ec", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield Container(process, prefix)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _script(folder: Path, config: Path, words: Sequence[str]) -> str:
    program = folder / "program"
    program.write_text(_PROGRAM)
    program.chmod(0o755)
    root = folder / "image" / "root"
    root.parent.mkdir(exist_ok=True)
    base = Path(sys.base_prefix)
    lines = [
        f"mount -t tmpfs tmpfs {root.parent}",
        f"cd {root.parent} && mkdir upper work root",
        "chmod 755 upper",
        "mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root",
        "mount -t proc proc root/proc && mount --rbind /dev root/dev",
        # Python itself, which may lie where only its owner looks; the chmod is the overlay's.
        f"mkdir -p root{base} root/opt/brainarr root/opt/src",
        f"chmod a+x {' '.join(f'root{above}' for above in base.parents)}",
        f"mount --bind {base} root{base}",
        f"mount --bind {sys.prefix} root/opt/brainarr",
        f"mount --bind {program} root/opt/brainarr/bin/brainarr",
        f"mount --bind {ROOT / 'src'} root/opt/src",
    ]
    for step in image().instructions:
        if step.word == "COPY" and "from" not in step.flags:
            source, target = step.words
            mode = step.flags.get("chmod", "0644")
            lines.append(f"install -D -m {mode} {ROOT / source} root{target}")
        elif step.word == "RUN" and "apt-get" not in step.text:
            lines.append(f"chroot root sh -ec {shlex.quote(step.text)}")
    lines += [
        f"mount --bind {config} root/config",
        "mount -o remount,ro,bind root",
        "mount -t tmpfs tmpfs root/tmp",
        f"exec chroot root {shlex.join(words)}",
    ]
    return "\n".join(lines)
