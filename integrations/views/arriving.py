"""What comes from outside: people sent back by a provider, links in the mail, and notices."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from clients.access import classified
from clients.models import User
from integrations import links, oauth, postedkeys, registry, webhooks
from integrations.oauth import ConnectRefused
from integrations.views import asking
from integrations.views.leaving import leave

#: Where the browser remembers which link it came by, and how that ended.
CAME_BY, OUTCOME = "connect_link", "connect_outcome"


@csrf_exempt
@classified(scope="public", methods=("POST",))
def webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """One delivery of notices: read raw and bounded, verified, kept; the state is fetched later."""
    if int(request.headers.get("Content-Length") or 0) > webhooks.LIMIT_BYTES:
        return HttpResponse(status=413)
    body = request.read(webhooks.LIMIT_BYTES + 1)
    receipt = webhooks.receive(
        provider,
        body,
        request.headers,
        account_id=request.GET.get("account", "")[:200],
        url=webhooks.address(provider, request.META.get("QUERY_STRING", "")),
    )
    return HttpResponse(receipt.answer, status=receipt.status, content_type="text/plain; charset=utf-8")


@csrf_exempt
@classified(scope="public", methods=("POST",))
def posted_keys(request: HttpRequest, provider: str) -> HttpResponse:
    """Keys from an account's own server: 200 when a sign-in of ours waits for them, 404 otherwise."""
    if int(request.headers.get("Content-Length") or 0) > postedkeys.LIMIT_BYTES:
        return HttpResponse(status=413)
    taken = postedkeys.receive(provider, request.read(postedkeys.LIMIT_BYTES + 1))
    return HttpResponse(status=200 if taken else 404)


@classified(scope="public")
def callback(request: HttpRequest, provider: str) -> HttpResponse:
    """Back from a provider's sign-in: the person who began it, or the holder of a link in the same browser."""
    declared = registry.all_providers().get(provider)
    if declared is None:
        raise Http404
    params = {name: str(value)[:4000] for name, value in request.GET.items()}
    link = links.waiting(request.session.get(CAME_BY), provider, params.get("state", ""))
    if link is not None:
        return _finish_link(request, link, params)
    if not isinstance(request.user, User):
        return _over(request)
    back = links.begun_for(request.user, provider, params.get("state", ""))
    try:
        connection = oauth.finish(request.user, provider, params)
    except ConnectRefused as refusal:
        messages.error(request, f"Nothing was connected: {refusal}.")
        return redirect("integrations:connections", slug=back.slug) if back else redirect("/")
    messages.success(request, f"{connection.name} is connected. The first reading has begun.")
    return redirect("integrations:connection", slug=connection.client.slug, pk=connection.pk)


def _finish_link(request: HttpRequest, link: links.Link, params: dict[str, str]) -> HttpResponse:
    outcome = _outcome(link)
    try:
        links.finish(link, params)
    except ConnectRefused as refusal:
        request.session[OUTCOME] = outcome | {"problem": str(refusal)}
    else:
        del request.session[CAME_BY]
        request.session[OUTCOME] = outcome
    return redirect("integrations:link_done")


@classified(scope="public", methods=("GET", "POST"))
def link(request: HttpRequest, token: str) -> HttpResponse:
    """The page of a link: what will be shared and with whom; the POST leaves for the provider, or brings what was typed."""
    found = links.find(token)
    if found is None:
        return _over(request)
    chosen = asking.way(found.provider, request.GET.get("by", ""), found.attempt.connection)
    if chosen is None:
        raise Http404
    form = chosen.form(request.POST if request.method == "POST" else None) if chosen.needs_form else None
    problem = ""
    if request.method == "POST" and (form is None or form.is_valid()):
        given = form.values() if form is not None else {}
        try:
            if chosen.is_direct:
                links.paste(found, given, kind=chosen.scheme.kind)
                request.session[OUTCOME] = _outcome(found)
                return _go_on(request)
            address = links.begin(found, given, kind=chosen.scheme.kind)
        except ConnectRefused as refusal:
            problem = asking.refused(form, refusal) if form is not None else f"Nothing was connected: {refusal}."
        else:
            request.session[CAME_BY] = found.pk
            return leave(request, address, found.provider.name)
    page = {"link": found, "practice": found.client.practice, "problem": problem, "way": chosen, "form": form}
    return render(request, "integrations/link.html", page)


def _outcome(link: links.Link) -> dict[str, str]:
    return {"system": link.provider.name, "client": link.client.name, "practice": link.client.practice.name}


def _go_on(request: HttpRequest) -> HttpResponse:
    where = reverse("integrations:link_done")
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": where})
    return redirect(where)


@classified(scope="public")
def link_done(request: HttpRequest) -> HttpResponse:
    """How it ended, for the holder of a link."""
    outcome = request.session.get(OUTCOME)
    if outcome is None:
        return _over(request)
    return render(request, "integrations/link_done.html", {"outcome": outcome})


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "integrations/link_over.html", status=410)
