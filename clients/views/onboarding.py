"""The onboarding pages: a list of clients, and the resumable steps of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse

from clients import catalogue, onboarding
from clients.access import Right, allows, classified, client_or_404, membership_of, practice_page
from clients.models import Client, OnboardingStep, StackItem

if TYPE_CHECKING:
    from collections.abc import Collection

    from clients.catalogue import System
    from clients.onboarding import FactsForm, Progress, Step


class NewClientForm(forms.Form):
    name = forms.CharField(label="Company", max_length=160)


@classified(Right.VIEW_DRAFTS, scope="practice", methods=("GET", "POST"))
def clients(request: HttpRequest) -> HttpResponse:
    """All clients the person sees, with their stage and group; a POST adds one (controllers and administrators)."""
    right = Right.APPROVE if request.method == "POST" else Right.VIEW_DRAFTS
    visible = practice_page(request, right)
    membership = membership_of(request)
    form = NewClientForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        client = onboarding.add_client(membership.practice, form.cleaned_data["name"], by=membership.user)
        return redirect("clients:onboarding", slug=client.slug)
    wanted = request.GET.get("q", "").strip().lower()
    chosen = request.GET.get("group", "")
    page = {
        "found": [client for client in visible if wanted in client.name.lower() and _is_in(client, chosen)],
        "wanted": wanted,
        "groups": sorted({client.group for client in visible if client.group}, key=lambda group: group.name.casefold()),
        "chosen": chosen,
        "form": form,
        "may_add": allows(membership, Right.APPROVE),
    }
    return render(request, "clients/clients.html", page)


def _is_in(client: Client, group: str) -> bool:
    """Whether the client is in the group asked for: its number, ``none`` for clients in no group, '' for all."""
    return not group or group == str(client.group_id or "none")


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """Where the onboarding stands: the first step that is not done."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    return redirect("clients:onboarding_step", slug=slug, step=onboarding.first_open(onboarding.readiness(client)))


@classified(Right.VIEW_DRAFTS)
def step(request: HttpRequest, slug: str, step: str) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    if step not in onboarding.KEYS:
        raise Http404
    return render(request, "clients/onboarding.html", _page(request, client, step))


@classified(Right.PREPARE, methods=("POST",))
def save_fact(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """One field, saved as it changes; answers with the field and, beside it, the readiness rail."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    try:
        form = onboarding.save_fact(client, name, request.POST.get(name, ""), by=membership_of(request).user)
    except KeyError as error:
        raise Http404 from error
    page = _page(request, client, "facts", form)
    return render(request, "clients/_fact_saved.html", page | {"field": form[name], "saved": name not in form.errors})


@classified(Right.PREPARE, methods=("POST",))
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """A system ticked or unticked."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    system = request.POST.get("system", "")
    if system not in catalogue.BY_SLUG:
        raise Http404
    onboarding.choose(client, system, chosen=request.POST.get("chosen") == "on", by=membership_of(request).user)
    return render(request, "clients/_stack_saved.html", _page(request, client, "stack"))


@classified(Right.PREPARE, methods=("POST",))
def describe(request: HttpRequest, slug: str, system: str) -> HttpResponse:
    """Owner, state of access and notes of a chosen system."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    item = StackItem.objects.filter(client=client, system=system).first()
    if item is None:
        raise Http404
    given = request.POST
    item.owner = given.get("owner", item.owner)[:120]
    item.notes = given.get("notes", item.notes)[:4000]
    if given.get("access_state", item.access_state) in StackItem.Access.values:
        item.access_state = given.get("access_state", item.access_state)
    item.save(update_fields=["owner", "notes", "access_state"])
    return render(request, "clients/_stack_saved.html", _page(request, client, "stack"))


@classified(Right.PREPARE, methods=("POST",))
def settle(request: HttpRequest, slug: str) -> HttpResponse:
    """Which of two systems that carry the same money posts; the other checks."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    pair, posts = request.POST.get("pair", ""), request.POST.get("posts", "")
    if posts not in pair.split("+") or not all(system in catalogue.BY_SLUG for system in pair.split("+")):
        raise Http404
    saved, _made = OnboardingStep.objects.get_or_create(client=client, key="stack")
    saved.data = {**saved.data, "posts": {**saved.data.get("posts", {}), pair: posts}}
    saved.save(update_fields=["data"])
    return render(request, "clients/_stack_saved.html", _page(request, client, "stack"))


@classified(Right.APPROVE, methods=("POST",))
def go_live(request: HttpRequest, slug: str) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.APPROVE)
    against = onboarding.go_live(client, by=membership_of(request).user)
    if against:
        messages.error(request, "Not yet: " + "; ".join(against) + ".")
    else:
        messages.success(request, f"{client.name} is live.")
    return redirect("clients:onboarding_step", slug=slug, step="live")


def _page(request: HttpRequest, client: Client, key: str, form: FactsForm | None = None) -> dict[str, Any]:
    steps = onboarding.readiness(client)
    items = {item.system: item for item in StackItem.objects.filter(client=client, dismissed=False)}
    saved = OnboardingStep.objects.filter(client=client, key="stack").first()
    posts = (saved.data if saved else {}).get("posts", {})
    membership = membership_of(request)
    return {
        "client": client,
        "steps": [_step_row(client, step, progress, key) for step, progress in steps],
        "key": key,
        "percent": onboarding.percent(steps),
        "form": form or onboarding.FactsForm(instance=client),
        "zones": onboarding.zones(),
        "categories": [_category(found, items) for found in catalogue.by_category()],
        "items": [(catalogue.BY_SLUG[slug], item) for slug, item in items.items() if slug in catalogue.BY_SLUG],
        "access_states": StackItem.Access.choices,
        "overlaps": [
            (f"{one.slug}+{two.slug}", one, two, posts.get(f"{one.slug}+{two.slug}"))
            for one, two in catalogue.overlaps(set(items))
        ],
        "may_prepare": allows(membership, Right.PREPARE),
        "may_approve": allows(membership, Right.APPROVE),
    }


def _category(found: tuple[str, str, str, list[System]], chosen: Collection[str]) -> dict[str, Any]:
    """A category as its panel shows it: the first systems and every chosen one, then the rest."""
    category, label, icon, systems = found
    first = {system.slug for system in systems[: catalogue.SHOWN]}
    rows = [(system, system.slug in chosen) for system in systems]
    return {
        "key": category,
        "label": label,
        "icon": icon,
        "shown": [row for row in rows if row[1] or row[0].slug in first],
        "more": [row for row in rows if not row[1] and row[0].slug not in first],
    }


def _step_row(client: Client, step: Step, progress: Progress, key: str) -> dict[str, Any]:
    try:
        work = reverse(step.view, kwargs={"slug": client.slug}) if step.view else ""
    except NoReverseMatch:
        work = ""
    return {"step": step, "progress": progress, "current": step.key == key, "work": work}
