"""The rules of the house that a machine can check."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from statistics import median

import pytest

from tests.conftest import FIRST

ROOT = Path(__file__).resolve().parent.parent
APPS = ("config", "closeout", "ledger", "integrations", "clients")
#: What is loaded at start from above is wiring, not knowledge: the settings of the project.
WIRING = {("clients", "config"), ("integrations", "config"), ("ledger", "config"), ("closeout", "config")}
PURE = ("django", "celery", "requests", "psycopg", "rest_framework", "allauth")
PURE_FILES = [
    "integrations/money.py",
    "integrations/payload.py",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "integrations/records").glob("*.py")),
    "integrations/errors.py",
    "integrations/provider.py",
    "integrations/schemes.py",
    "integrations/arrivals.py",
    "integrations/tables.py",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "integrations/byhand").glob("*.py")),
    "clients/discovery.py",
]
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py", "services.py"}
PROVIDERS = re.compile(r"(?i)\b(stripe|gusto|plaid|quickbooks|intuit|paypal|shopify|adp|xero)\b")
FRAMES = {"base.html", "calm.html", "center.html"}


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in found if "migrations" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All that stands in a module; many rules go over it."""
    return tuple(ast.walk(tree(path)))


@cache
def imports(path: Path) -> frozenset[str]:
    """What a module imports when it runs; what only the type checker reads is no dependency."""
    found: set[str] = set()
    idle = {
        inner
        for node in nodes(path)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in nodes(path):
        if node in idle:
            continue
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return frozenset(found)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_only_run_downward():
    wrong = []
    for level, app in enumerate(APPS):
        above = set(APPS[:level])
        for path in sources(app):
            for module in imports(path):
                top = module.split(".")[0]
                if top in above and (app, top) not in WIRING:
                    wrong.append(f"{name(path)} imports {module}")
    assert wrong == []


def test_the_core_is_pure():
    files = [*sources("ledger/core"), *[ROOT / file for file in PURE_FILES]]
    wrong = [
        f"{name(path)} imports {module}" for path in files for module in imports(path) if module.split(".")[0] in PURE
    ]
    assert wrong == []


def test_providers_know_nothing_of_the_ledger():
    wrong = [
        name(path)
        for path in sources("integrations/providers")
        if any(module.split(".")[0] == "ledger" for module in imports(path))
    ]
    assert wrong == []


def test_no_file_is_longer_than_400_lines():
    long = [
        f"{name(path)}: {lines}"
        for path in [*sources(*APPS), *sources("tests")]
        if (lines := len(path.read_text().splitlines())) > 400
    ]
    assert long == []


def test_no_function_is_longer_than_70_lines():
    long = []
    for path in sources(*APPS):
        for node in nodes(path):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno - node.lineno + 1 > 70:
                long.append(f"{name(path)}:{node.lineno} {node.name}")
    assert long == []


def test_no_module_is_a_drawer_for_everything():
    assert [name(path) for path in sources(*APPS) if path.name in FORBIDDEN_NAMES] == []


def test_no_broad_except_and_no_unfinished_work():
    wrong = []
    marks = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
    for path in sources(*APPS):
        text = path.read_text()
        for node in nodes(path):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"}
            ):
                wrong.append(f"{name(path)}:{node.lineno} broad except")
            if isinstance(node, ast.Raise) and "NotImplementedError" in ast.dump(node):
                wrong.append(f"{name(path)}:{node.lineno} stub")
        if marks.search(text):
            wrong.append(f"{name(path)} unfinished mark")
    assert wrong == []


def test_books_know_no_floats():
    wrong = []
    for path in sources("ledger", "closeout"):
        for node in nodes(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                wrong.append(f"{name(path)}:{node.lineno} {node.value}")
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float":
                wrong.append(f"{name(path)}:{node.lineno} float()")
    assert wrong == []


def _strings_and_names(path: Path) -> list[str]:
    """The words a module works with; comments and docstrings may name an example."""
    whole = nodes(path)
    docs = {
        id(node.body[0].value)
        for node in whole
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node)
    }
    words = [
        node.value
        for node in whole
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]
    return words + [node.id for node in whole if isinstance(node, ast.Name)] + sorted(imports(path))


def test_no_provider_is_named_above_its_folder():
    #: A column's stored value that says where books are kept, as the shared models define it.
    allowed = {"quickbooks"}
    wrong = []
    for path in [*sources("ledger", "closeout"), ROOT / "config/settings.py"]:
        for word in _strings_and_names(path):
            if word not in allowed and PROVIDERS.search(word):
                wrong.append(f"{name(path)}: {word[:60]}")
    assert wrong == []


def test_no_template_names_a_provider():
    wrong = [name(path) for path in (ROOT / "templates").rglob("*.html") if PROVIDERS.search(path.read_text())]
    assert wrong == []


def pages() -> list[Path]:
    folders = [ROOT / "templates" / folder for folder in ("clients", "integrations", "ledger", "closeout")]
    found = [path for folder in folders if folder.exists() for path in folder.rglob("*.html")]
    return [path for path in found if not path.name.startswith("_") and "pdf" not in path.parts]


def test_every_page_stands_in_a_frame():
    wrong = []
    for path in pages():
        frame = re.match(r"\{%\s*extends\s+[\"']?([\w./]+)[\"']?\s*%\}", path.read_text())
        target = frame.group(1) if frame else ""
        parent = ROOT / "templates" / target
        inherited = target.endswith(".html") and parent.exists() and "extends" in parent.read_text()[:40]
        if target not in FRAMES | {"shell"} and not inherited:
            wrong.append(f"{name(path)} extends {target or 'nothing'}")
    assert wrong == []


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("an inline style", r"\sstyle\s*="),
        ("an inline handler", r"\son[a-z]+\s*=\s*[\"']"),
        ("an inline script", r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>"),
        ("an outside address", r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//"),
        ("a handler for htmx to evaluate", r"\shx-on|hx-vals\s*=\s*[\"']js:|hx-headers\s*=\s*[\"']js:"),
    ],
)
def test_no_template_breaks_the_content_policy(what, pattern):
    found = [
        name(path)
        for path in (ROOT / "templates").rglob("*.html")
        if "pdf" not in path.parts and re.search(pattern, path.read_text())
    ]
    assert found == [], what


def test_the_own_script_stays_small():
    assert len((ROOT / "static/app.js").read_text().splitlines()) < 150


def test_every_icon_a_template_names_exists():
    symbols = set(re.findall(r'id="i-([a-z0-9-]+)"', (ROOT / "static/icons.svg").read_text()))
    used = {
        icon
        for path in (ROOT / "templates").rglob("*.html")
        for icon in re.findall(r"{%\s*icon\s+[\"']([a-z0-9-]+)[\"']", path.read_text())
    }
    assert used - symbols == set()


def test_every_file_that_begins_first_exists():
    assert [name for name in FIRST if not (ROOT / "tests" / name).is_file()] == []


def test_no_two_files_of_tests_have_the_same_name():
    """They are not packages: the second of two would not be collected, and with it no test at all."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert [name for name in names if names.count(name) > 1] == []


def test_adding_a_provider_is_a_small_folder_and_a_small_test_file():
    slugs = sorted(path.parent.name for path in (ROOT / "integrations" / "providers").glob("*/provider.py"))
    declared = [ROOT / "integrations" / "providers" / slug / "provider.py" for slug in slugs]
    contracts = [ROOT / "tests" / "integrations" / "providers" / f"test_{slug}.py" for slug in slugs]
    assert [path.name for path in contracts if "ProviderContract" not in path.read_text()] == []
    assert median(len(path.read_text().splitlines()) for path in declared) <= 150
    assert median(len(path.read_text().splitlines()) for path in contracts) <= 60
