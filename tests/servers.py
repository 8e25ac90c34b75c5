"""Real servers for the tests, thrown away afterwards: PostgreSQL and Redis as Debian packages them.

Each test process starts its own at most once, and only when a test asks for one.
"""

import asyncio
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.planted import POSTGRES_PASSWORD, REDIS_PASSWORD

PATIENCE_S = 30.0
_DISCONNECT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_REMEMBER = """
CREATE SCHEMA remembered;
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('CREATE TABLE remembered.%1$I AS TABLE public.%1$I', name);
  END LOOP;
END $$
"""
_REFRESH = f"""
{_DISCONNECT};
DO $$ DECLARE name text; BEGIN
  -- Whoever is just being disconnected is waited for.
  EXECUTE (SELECT 'LOCK TABLE ' || string_agg(format('public.%I', tablename), ', ')
           FROM pg_tables WHERE schemaname = 'public');
  -- No trigger, hence no foreign key, is asked while the rows go and come back. TRUNCATE makes every table's
  -- files anew, which takes seven times as long.
  SET LOCAL session_replication_role = replica;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('DELETE FROM public.%I', name);
  END LOOP;
  FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
    PERFORM setval(format('public.%I', name), 1, false);
  END LOOP;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'remembered' LOOP
    EXECUTE format('INSERT INTO public.%1$I TABLE remembered.%1$I', name);
  END LOOP;
  PERFORM setval(pg_get_serial_sequence('public.lists', 'id'), 1);
END $$
"""
_numbers = itertools.count(1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class RedisServer:
    """One Redis with a password, which can be stopped and started again on the same port."""

    PASSWORD = REDIS_PASSWORD

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.PASSWORD}@127.0.0.1:{self._port}/0"

    def start(self) -> None:
        binary = shutil.which("redis-server") or ""
        words = ["--port", str(self._port), "--bind", "127.0.0.1", "--requirepass", self.PASSWORD]
        words += ["--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        self._process = subprocess.Popen([binary, *words], stdout=subprocess.DEVNULL)
        _wait_for_port(self._port)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """It still takes connections, and answers nobody."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def say(self, *words: str) -> bytes:
        """Its answer to one command, as it comes."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE_S) as line:
            for command in (("AUTH", self.PASSWORD), words):
                parts = [
                    f"*{len(command)}\r\n",
                    *(f"${len(word.encode())}\r\n{word}\r\n" for word in command),
                ]
                line.sendall("".join(parts).encode())
                answer = line.recv(65_536)
            return answer

    def flush(self) -> None:
        with socket.create_connection(("127.0.0.1", self._port)) as line:
            line.sendall(f"AUTH {self.PASSWORD}\r\nFLUSHALL\r\n".encode())
            answer = b""
            while answer.count(b"+OK") < 2:
                answer += line.recv(100)


class PostgresServer:
    """One PostgreSQL 15; every test gets a database of its own."""

    PASSWORD = POSTGRES_PASSWORD

    def __init__(self, folder: Path, binaries: Path) -> None:
        self._folder = folder
        self._binaries = binaries
        self._port = free_port()

    def start(self) -> None:
        if not (self._folder / "data").exists():
            password = self._folder / "password"
            password.write_text(self.PASSWORD)
            self._own()
            self._run("initdb", "-U", "brainarr", "-A", "scram-sha-256", "--pwfile", str(password), "-N")
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        self._run("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", f"{options} -c fsync=off", "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-m", mode, "-w", "stop")

    def new_database(self, template: str = "template1") -> str:
        """The name of a new one, a copy of `template`."""
        name = f"test_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def remember(self, name: str) -> None:
        """`refresh` brings the database back to what it holds now."""
        self.execute(_REMEMBER, name)

    def refresh(self, name: str) -> None:
        """Ends every connection and puts back what `remember` saw: far cheaper than another database."""
        self.execute(_REFRESH, name)

    def disconnect(self, name: str) -> None:
        """Kills every connection, as an administrator does."""
        self.execute(_DISCONNECT, name)

    def drop_database(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def url(self, name: str) -> str:
        return f"postgresql://brainarr:{self.PASSWORD}@127.0.0.1:{self._port}/{name}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """As the administrator."""

        async def work() -> None:
            connection = await asyncpg.connect(self.url(database))
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        # In a thread of its own: fixtures of async tests ask for databases too.
        _in_thread(work)

    def _own(self) -> None:
        # It refuses to run as root: as the user that Debian's package made.
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", "postgres", str(self._folder)], check=True)

    def _run(self, tool: str, *words: str) -> None:
        command = [str(self._binaries / tool), "-D", str(self._folder / "data"), *words]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", check=False
        )
        assert done.returncode == 0, done.stderr.decode()


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Skips the test where no Redis is installed."""
    if shutil.which("redis-server") is None:
        pytest.skip("needs Redis: apt-get install redis-server")
    with _folder() as folder:
        server = RedisServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Skips the test where no PostgreSQL is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("needs PostgreSQL: apt-get install postgresql-15")
    with _folder() as folder:
        server = PostgresServer(folder, found[-1].parent)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def _folder() -> Iterator[Path]:
    """In /tmp itself: pytest's folders are closed to the user that PostgreSQL runs as."""
    folder = Path(tempfile.mkdtemp(prefix="brainarr-test-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_port(port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on port {port}")


def _in_thread(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(work())).result()
