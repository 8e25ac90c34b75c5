"""What no code of ours may do with data of others, read out of the code itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent.parent / "src/brainarr"
FILES = sorted(SOURCE.rglob("*.py"))

FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load", "yaml.load_all",
    "yaml.full_load", "yaml.unsafe_load", "tempfile.mktemp", "ssl._create_unverified_context",
    "importlib.import_module", "numpy.fromfile", "np.fromfile", "joblib.load",
}  # fmt: skip
FORBIDDEN_MODULES = {
    "pickle", "cloudpickle", "dill", "marshal", "shelve", "joblib", "xml", "subprocess", "pty", "telnetlib",
    "ftplib", "code", "runpy",
}  # fmt: skip
SQL_AS_TEXT = {"text", "sa.text", "sqlalchemy.text"}

ALLOWED = {
    ("similarity/bulk.py", "execute(f'')"): "numbers and SQL of our own; what files say comes as parameters",
    ("store/sqlite.py", "exec_driver_sql"): "BEGIN or BEGIN IMMEDIATE, two constants",
    ("store/sqlite.py", "execute(f'')"): "the names of pragmas, from a tuple of constants",
    ("store/postgres.py", "exec_driver_sql"): "the number of a lock, a constant",
}
"""(file, what) → why it is harmless there."""


def name_of(node: ast.expr) -> str:
    """`a.b.c` as it is written; "" for anything else."""
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def is_fixed(node: ast.expr) -> bool:
    """Text that stands in the code, in one piece."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def offences(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """What is forbidden in it, and where."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    if alias.name.split(".")[0] in FORBIDDEN_MODULES:
                        yield alias.name.split(".")[0], node.lineno
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in FORBIDDEN_MODULES:
                yield module.split(".")[0], node.lineno
            case ast.Call(func=function, args=args, keywords=keywords):
                name = name_of(function)
                given = {word.arg: word.value for word in keywords}
                if name in FORBIDDEN_CALLS:
                    yield name, node.lineno
                if "shell" in given and not is_false(given["shell"]):
                    yield "shell=True", node.lineno
                if name in ("np.load", "np.save", "numpy.load", "numpy.save") and not is_false(
                    given.get("allow_pickle")
                ):
                    yield name, node.lineno
                last = name.rpartition(".")[2]
                is_sql = name in SQL_AS_TEXT or last in ("exec_driver_sql", "executescript")
                if is_sql and args and not is_fixed(args[0]):
                    yield last, node.lineno
                if last == "execute" and args and isinstance(args[0], ast.JoinedStr | ast.BinOp):
                    yield "execute(f'')", node.lineno
                if name in ("yaml.Loader", "yaml.UnsafeLoader", "yaml.FullLoader"):
                    yield name, node.lineno
            case ast.ClassDef(bases=bases):
                for base in map(name_of, bases):
                    if base in ("yaml.Loader", "yaml.UnsafeLoader", "yaml.FullLoader"):
                        yield base, node.lineno


def is_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def found() -> dict[tuple[str, str], list[int]]:
    places: dict[tuple[str, str], list[int]] = {}
    for file in FILES:
        for what, line in offences(ast.parse(file.read_text())):
            places.setdefault((str(file.relative_to(SOURCE)), what), []).append(line)
    return places


def test_no_foreign_data_is_run_unpickled_or_pasted_into_a_statement():
    assert {place: lines for place, lines in found().items() if place not in ALLOWED} == {}


def test_every_exception_is_still_needed():
    assert set(ALLOWED) <= set(found())


@pytest.mark.parametrize(
    "code",
    [
        "import pickle", "from pickle import loads", "import xml.etree.ElementTree", "eval(x)", "exec('1')",
        "yaml.load(x)", "class L(yaml.Loader): ...", "np.load(x)", "np.load(x, allow_pickle=True)",
        "np.save(x, y)", "run(x, shell=True)", "text(f'SELECT {x}')", "sa.text('SELECT ' + x)",
        "connection.exec_driver_sql(x)", "db.execute(f'SELECT {x}')", "db.execute('SELECT %s' % x)",
        "os.system(x)", "tempfile.mktemp()",
    ],
)  # fmt: skip
def test_the_search_finds_it(code: str):
    assert list(offences(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    ["np.load(x, allow_pickle=False)", "text('SELECT 1')", "db.execute(select(x))", "run(x, shell=False)"],
)
def test_the_search_lets_the_rest_be(code: str):
    assert list(offences(ast.parse(code))) == []
