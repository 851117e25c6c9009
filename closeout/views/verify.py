"""The public page that checks a copy: a PDF or the code of a seal goes in, and out comes only whether it is what was sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.cache import cache
from django.shortcuts import render

from clients.access import classified
from closeout import package

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

#: Questions one address may ask in a minute, and all addresses together.
EACH, ALL, SECONDS = 10, 300, 60
LARGEST = 20 << 20


@classified(scope="public", methods=("GET", "POST"))
def verify(request: HttpRequest) -> HttpResponse:
    """A code in the address only fills the field; asking is a POST."""
    page: dict[str, object] = {"code": request.GET.get("code", "")[:20]}
    if request.method != "POST":
        return render(request, "closeout/verify.html", page)
    if not _may_ask(request):
        page["problem"] = "Too many questions in a minute. Wait a little and ask again."
        return render(request, "closeout/verify.html", page, status=429)
    upload, code = request.FILES.get("pdf"), request.POST.get("code", "").strip()
    page["code"] = code[:20]
    if upload is not None:
        page["asked"] = "copy"
        size = upload.size or 0
        page["verdict"] = package.verify_copy(upload.read()) if 0 < size <= LARGEST else None
    elif code:
        page["asked"], page["verdict"] = "code", package.verify_code(code)
    else:
        page["problem"] = "Choose the PDF, or type the code from its cover."
    return render(request, "closeout/verify.html", page, status=422 if "problem" in page else 200)


def _may_ask(request: HttpRequest) -> bool:
    """Counts questions by address and in all, over all processes."""
    address = request.META.get("REMOTE_ADDR", "")
    return all(_count(f"closeout-verify:{key}") <= limit for key, limit in ((address, EACH), ("all", ALL)))


def _count(key: str) -> int:
    cache.add(key, 0, SECONDS)
    try:
        return int(cache.incr(key))
    except ValueError:  # it ran out between the two calls
        return 1
