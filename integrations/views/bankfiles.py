"""Files of banks and systems: brought, shown, given their layout where it cannot be told, and only then kept or put away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from clients.access import Right, classified, client_or_404, membership_of
from integrations import filepreview, files, registry, systemfiles
from integrations.files import FileRefused
from integrations.forms import LayoutForm, UploadForm
from integrations.models import Connection, FileImport
from integrations.views.connections import show

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from clients.models import Client

LISTED = 25
#: The choice of an account that has no connection yet, before the system's slug.
NEW = "new:"


def _accounts(client: Client) -> list[Connection]:
    return list(Connection.objects.filter(client=client, provider=files.PROVIDER).order_by("name", "pk"))


def _upload_form(client: Client, *given: Any, **options: Any) -> UploadForm:
    named = [(str(account.pk), f"{account} ({account.account_id})") for account in _accounts(client)]
    for provider in registry.all_providers().values():
        if provider.files:
            held = systemfiles.accounts(client, provider)
            named += [(str(account.pk), f"{provider.name}: {account}") for account in held]
            named.append((f"{NEW}{provider.slug}", f"{provider.name}: {'another' if held else 'an'} account"))
    return UploadForm(*given, accounts=named, **options)


def _file(client: Client, pk: int) -> FileImport:
    found = FileImport.objects.select_related("client", "connection", "created_by").filter(client=client, pk=pk).first()
    if found is None:
        raise Http404
    return found


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """The place to drop a file, and what was brought before."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    form = _upload_form(client, initial={"account": request.GET.get("account", "")})
    return _list(request, client, form)


def _list(request: HttpRequest, client: Client, form: UploadForm, problem: str = "", status: int = 200) -> HttpResponse:
    brought = (
        FileImport.objects.filter(client=client)
        .select_related("connection", "created_by")
        .defer("content")
        .order_by("-pk")[:LISTED]
    )
    page = {"form": form, "brought": brought, "accounts": _accounts(client), "problem": problem}
    return show(request, client, "integrations/files.html", page, status)


@classified(Right.PREPARE, methods=("POST",))
def upload(request: HttpRequest, slug: str) -> HttpResponse:
    """Read a file for the preview; nothing of it reaches the books."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    form = _upload_form(client, request.POST, request.FILES)
    if not form.is_valid():
        return _list(request, client, form, status=422)
    given: UploadedFile[bytes] = form.cleaned_data["file"]
    account = form.cleaned_data["account"]
    connection = Connection.objects.filter(client=client, pk=account).first() if account.isdecimal() else None
    try:
        brought = files.preview(
            membership_of(request).user,
            client,
            filename=given.name or "file",
            content=given.read(settings.UPLOAD_LIMIT_BYTES + 1),
            connection=connection,
            system=registry.all_providers().get(account.removeprefix(NEW)) if account.startswith(NEW) else None,
        )
    except FileRefused as refusal:
        return _list(request, client, form, _said(given.name, refusal), status=422)
    return redirect("integrations:file", slug=slug, pk=brought.pk)


def _said(name: str | None, refusal: FileRefused) -> str:
    return f"{name or 'The file'}: {refusal}. Nothing was kept or posted."


@classified(Right.VIEW_DRAFTS)
def show_file(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What the file holds, to be compared with the paper before it is confirmed."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    return _shown(request, client, _file(client, pk))


def _shown(
    request: HttpRequest, client: Client, brought: FileImport, form: LayoutForm | None = None, problem: str = ""
) -> HttpResponse:
    page: dict[str, Any] = {"file": brought, "problem": problem, "rows": brought.summary.get("rows", [])}
    if "questions" in brought.summary:
        page["form"] = form or LayoutForm(proposal=brought.mapping, rows=page["rows"])
    elif shown := filepreview.system(brought):
        page["system"] = shown
        page["nameless"] = brought.connection_id is None
        declared = registry.all_providers().get(str(brought.mapping.get("provider")))
        page["known_accounts"] = systemfiles.accounts(client, declared) if declared else []
    else:
        page["accounts"] = filepreview.accounts(brought)
        page["nameless"] = any(not account.account for account in page["accounts"]) and brought.connection_id is None
        page["known_accounts"] = _accounts(client)
    return show(request, client, "integrations/file.html", page, 422 if problem or (form and form.errors) else 200)


@classified(Right.PREPARE, methods=("POST",))
def settle(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Which column is what, answered by a person."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    brought = _file(client, pk)
    if "questions" not in brought.summary:
        return redirect("integrations:file", slug=slug, pk=pk)
    form = LayoutForm(request.POST, proposal=brought.mapping, rows=brought.summary.get("rows", []))
    if not form.is_valid():
        return _shown(request, client, brought, form)
    try:
        files.answer(brought, form.layout())
    except FileRefused as refusal:
        return _shown(request, client, _file(client, pk), form, _said(brought.filename, refusal))
    return redirect("integrations:file", slug=slug, pk=pk)


@classified(Right.PREPARE, methods=("POST",))
def confirm(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Keep the lines, as they were shown."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    brought = _file(client, pk)
    by, account = membership_of(request).user, request.POST.get("account", "").strip()[:200]
    try:
        accounts = files.confirm(brought, actor=by, account=account)
    except FileRefused as refusal:
        return _shown(request, client, _file(client, pk), problem=_said(brought.filename, refusal))
    stored = _file(client, pk).summary["stored"]
    again = f", {stored['unchanged']:,} were here already" if stored["unchanged"] else ""
    names = ", ".join(str(each) for each in accounts)
    what = "records" if "system" in brought.summary else "lines"
    messages.success(request, f"{stored['new']:,} new {what} of {names} are kept{again}.")
    return redirect("integrations:files", slug=slug)


@classified(Right.PREPARE, methods=("POST",))
def discard(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.PREPARE)
    brought = _file(client, pk)
    files.discard(brought, actor=membership_of(request).user)
    messages.success(request, f"{brought.filename} was put away. None of its lines is kept.")
    return redirect("integrations:files", slug=slug)
