"""Coming in and one's own settings: invitations, the first second factor, preferences, the demonstration's links."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from clients import audit, invitations, sessions, signin
from clients.access import classified, person
from clients.models import Membership, User
from clients.tenancy import practice_context


class JoinForm(forms.Form):
    name = forms.CharField(max_length=120, label="Your name")
    password = forms.CharField(
        label="Password",
        strip=False,
        help_text="At least 12 characters. A short sentence works well.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("name", "theme", "single_keys")
        labels = {"theme": "Appearance", "single_keys": "Single-key shortcuts"}
        help_texts = {"single_keys": "Keys such as J, K and A on work lists. Switch off if you use speech input."}


@classified(scope="public")
def health(_request: HttpRequest) -> HttpResponse:
    """For load balancers: the process answers and reaches the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@classified(scope="public", methods=("GET", "POST"))
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Take up an invitation: someone new chooses name and password, someone known is only told where they now belong."""
    found = invitations.find(token)
    if found is None:
        return render(request, "clients/invitation_over.html", status=410)
    known = User.objects.filter(email=found.email).exists()
    form = JoinForm(request.POST or None, initial={"name": found.name})
    if known:
        for field in form.fields.values():
            field.required = False
    if request.method == "POST" and form.is_valid():
        try:
            user = invitations.accept(found, name=form.cleaned_data["name"], password=form.cleaned_data["password"])
        except ValidationError as error:
            form.add_error(None if known else "password", error)
        else:
            if known:
                messages.success(request, f"You now belong to {found.practice.name}. Sign in to go on.")
                return redirect("account_login")
            signin.sign_in(request, user, "invitation")
            return redirect("clients:second_factor")
    return render(request, "clients/invitation.html", {"invitation": found, "form": form, "known": known})


@classified(scope="self")
def second_factor(request: HttpRequest) -> HttpResponse:
    """Choose how to prove oneself from now on; nothing else opens before."""
    return render(request, "clients/second_factor.html", {"enrolled": signin.has_factor(request.user)})


@classified(scope="self", methods=("GET", "POST"))
def preferences(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = PreferencesForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("clients:preferences")
    places = Membership.objects.filter(user=user, is_active=True).select_related("practice")
    return render(request, "clients/preferences.html", {"form": form, "places": places})


@classified(scope="self", methods=("POST",))
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session of one's own, this one included."""
    user = person(request)
    sessions.end_everywhere(user)
    member = Membership.objects.filter(user=user, is_active=True).select_related("practice").first()
    if member is not None:
        with practice_context(member.practice_id):
            audit.record_practice(member.practice, user, "person.signed_out_everywhere", user.email)
    return redirect("account_login")


@classified(scope="self", methods=("POST",))
def switch_practice(request: HttpRequest) -> HttpResponse:
    """For someone who belongs to several practices: work in this one from now on."""
    wanted = request.POST.get("practice", "")
    member = Membership.objects.filter(user=person(request), is_active=True, practice__slug=wanted).first()
    if member is None:
        raise Http404
    request.session["practice"] = member.practice_id
    return redirect("/")


@classified(scope="self", methods=("POST",))
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of one's own other sessions."""
    session = UserSession.objects.filter(user=person(request), pk=pk).first()
    if session is None:
        raise Http404
    session.end()
    messages.success(request, "That session is over.")
    return redirect("usersessions_list")


@classified(scope="public")
def demo_enter(request: HttpRequest, token: str) -> HttpResponse:
    signin.enter_demo(request, token)
    return redirect("/")


@classified(scope="self", methods=("GET", "POST"))
def demo_confirm(request: HttpRequest) -> HttpResponse:
    """In the demonstration a button stands in for the code of a fictional person."""
    signin.demo_only(request)
    where = request.POST.get("next") or request.GET.get("next") or "/"
    if not url_has_allowed_host_and_scheme(where, allowed_hosts={request.get_host()}):
        raise Http404
    if request.method == "POST":
        signin.confirm_demo(request)
        return HttpResponseRedirect(where)
    return render(request, "clients/demo_confirm.html", {"next": where})
