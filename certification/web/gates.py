"""Pages of gates: what was compared after a wave, and an operator's decision where it is not clear."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from certification import policies
from certification.models import Rollout
from certification.queries import gates as queries
from certification.queries.blast_radius import next_wave_radius
from certification.services import gates
from certification.web.plan_gates import in_words
from certification.web.rollout_forms import ReasonForm
from certification.web.rollouts import visible_rollout
from portal.shared.web import done, signed_in_user


@require_safe
@login_required
def gate_detail(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    rollout = visible_rollout(request, pk)
    gate = queries.gate_of(rollout, number)
    if gate is None:
        raise Http404
    can_run = policies.can_run_rollout(signed_in_user(request), rollout)
    context = {
        "rollout": rollout,
        "gate": gate,
        "bake_ends_at": gates.bake_ends_at(rollout, gate.wave),
        "can_decide": can_run and gate.waits and rollout.state in ("running", "held"),
        "form": ReasonForm(),
        "went_by": in_words(gate.check.thresholds),
        "radius": next_wave_radius(rollout),
    }
    return render(request, "certification/gate_detail.html", context)


@require_POST
@login_required
def gate_let_through(request: HttpRequest, pk: UUID) -> HttpResponse:
    visible = Rollout.objects.visible_to(request.user)
    check = get_object_or_404(queries.of_rollouts(visible), pk=pk)
    gates.let_through(check, reason=request.POST.get("reason", ""), actor=signed_in_user(request))
    address = reverse("gate_detail", args=[check.rollout_id, check.wave.number])
    return done(request, _("Let through: the next wave starts when it is due."), address)


urlpatterns = [
    path("rollouts/<uuid:pk>/gates/<int:number>/", gate_detail, name="gate_detail"),
    path("rollouts/gates/<uuid:pk>/let-through/", gate_let_through, name="gate_let_through"),
]
