"""Who belongs to the practice, as what, and for which clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clients import invitations, people
from clients.access import Right, allows, classified, membership_of, practice_page
from clients.models import Assignment, Client, Invitation, Membership, Role

if TYPE_CHECKING:
    from collections.abc import Sequence


class InviteForm(forms.Form):
    email = forms.EmailField(label="E-mail")
    name = forms.CharField(label="Name", max_length=120, required=False)
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.STAFF)
    client = forms.ModelChoiceField(
        Client.objects.none(),
        label="Company",
        required=False,
        help_text="For a client's own user.",
        to_field_name="slug",
    )
    sees_payroll = forms.BooleanField(label="Sees payroll detail", required=False)

    def __init__(self, data: object, clients: Sequence[Client]) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        choices = self.fields["client"]
        assert isinstance(choices, forms.ModelChoiceField)
        choices.queryset = Client.objects.filter(pk__in=[client.pk for client in clients])


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)
    sees_payroll = forms.BooleanField(required=False)


@classified(Right.READ_AUDIT, scope="practice")
def index(request: HttpRequest) -> HttpResponse:
    clients = practice_page(request, Right.READ_AUDIT)
    return render(request, "clients/people.html", _page(request, clients, InviteForm(None, clients)))


@classified(Right.MANAGE_PEOPLE, scope="practice", methods=("POST",))
def invite(request: HttpRequest) -> HttpResponse:
    clients = practice_page(request, Right.MANAGE_PEOPLE)
    membership = membership_of(request)
    form = InviteForm(request.POST, clients)
    if form.is_valid():
        try:
            invitation = invitations.invite(practice=membership.practice, by=membership.user, **form.cleaned_data)
        except invitations.InvitationRefused as refusal:
            form.add_error("email", str(refusal))
        else:
            messages.success(request, f"Invitation sent to {invitation.email}. It works once, for seven days.")
            return redirect("clients:people")
    return render(request, "clients/people.html", _page(request, clients, form), status=422)


@classified(Right.MANAGE_PEOPLE, scope="practice", methods=("POST",))
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    practice_page(request, Right.MANAGE_PEOPLE)
    membership = membership_of(request)
    invitation = Invitation.objects.filter(
        practice=membership.practice, pk=pk, accepted_at=None, withdrawn_at=None
    ).first()
    if invitation is None:
        raise Http404
    invitations.withdraw(invitation, by=membership.user)
    messages.success(request, f"The invitation of {invitation.email} no longer works.")
    return redirect("clients:people")


@classified(Right.MANAGE_PEOPLE, scope="practice", methods=("POST",))
def change_role(request: HttpRequest, pk: int) -> HttpResponse:
    practice_page(request, Right.MANAGE_PEOPLE)
    member, form = _member(request, pk), RoleForm(request.POST)
    if not form.is_valid():
        raise Http404
    by = membership_of(request).user
    try:
        people.change_role(member, form.cleaned_data["role"], sees_payroll=form.cleaned_data["sees_payroll"], by=by)
    except people.ChangeRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, f"{member.user} is now {member.get_role_display().lower()}. Open sessions were ended."
        )
    return redirect("clients:people")


@classified(Right.MANAGE_PEOPLE, scope="practice", methods=("POST",))
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    clients = practice_page(request, Right.MANAGE_PEOPLE)
    member = _member(request, pk)
    wanted = {client.pk for client in clients if client.slug in request.POST.getlist("client")}
    changed = people.assign(member, wanted, clients, by=membership_of(request).user)
    messages.success(
        request, f"{len(changed)} assignments of {member.user} changed." if changed else "Nothing changed."
    )
    return redirect("clients:people")


@classified(Right.MANAGE_PEOPLE, scope="practice", methods=("POST",))
def set_active(request: HttpRequest, pk: int) -> HttpResponse:
    practice_page(request, Right.MANAGE_PEOPLE)
    member = _member(request, pk)
    try:
        people.set_active(member, active=request.POST.get("active") == "yes", by=membership_of(request).user)
    except people.ChangeRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, f"{member.user} {'may sign in again' if member.is_active else 'is signed out everywhere'}."
        )
    return redirect("clients:people")


def _member(request: HttpRequest, pk: int) -> Membership:
    found = (
        Membership.objects.select_related("user", "practice")
        .filter(practice=membership_of(request).practice, pk=pk)
        .first()
    )
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, clients: Sequence[Client], form: InviteForm) -> dict[str, object]:
    membership = membership_of(request)
    assigned: dict[int, set[int]] = {}
    for member_id, client_id in Assignment.objects.values_list("membership_id", "client_id"):
        assigned.setdefault(member_id, set()).add(client_id)
    members = Membership.objects.filter(practice=membership.practice).select_related("user")
    rows = [
        {"member": member, "clients": [(client, client.pk in assigned.get(member.pk, set())) for client in clients]}
        for member in members.order_by("-is_active", "role", "user__name")
    ]
    for row in rows:
        row["names"] = [client.name for client, chosen in row["clients"] if chosen]  # type: ignore[attr-defined]
    open_ones = Invitation.objects.filter(practice=membership.practice, accepted_at=None, withdrawn_at=None)
    return {
        "rows": rows,
        "invitations": open_ones.filter(expires_at__gt=timezone.now())
        .select_related("client", "invited_by")
        .order_by("-pk"),
        "form": form,
        "roles": Role.choices,
        "may_manage": allows(membership, Right.MANAGE_PEOPLE),
    }
