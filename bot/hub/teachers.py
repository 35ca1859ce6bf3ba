"""Each kind of teacher: an Inference Endpoint, a Job with an exposed port, or a URL."""

from __future__ import annotations

from huggingface_hub import JobInfo

from bot.domain import names
from bot.domain.observation import JobStage, Teacher
from bot.domain.recipe import EndpointSpec, TeacherJob, TeacherSpec, TeacherUrl
from bot.hub.client import Connection, translate_errors, value_of
from bot.hub.endpoints import endpoint_state, find_endpoint, run_or_pause
from bot.hub.jobs import alive_jobs, cancel_job


def observe_teacher(hub: Connection, spec: TeacherSpec) -> Teacher:
    """Return the teacher's state in the terms of an endpoint. Raises TryLater and Refused."""
    match spec:
        case TeacherUrl():
            return Teacher("running", spec.url)
        case TeacherJob():
            return _state_of_job(_newest_job(hub))
        case EndpointSpec():
            endpoint = find_endpoint(hub, spec.name)
            return Teacher(endpoint_state(endpoint), endpoint.url or "") if endpoint else Teacher()


def run_or_stop(hub: Connection, spec: TeacherSpec, running: bool) -> None:
    """Start the teacher, or end what it costs. Raises TryLater and Refused."""
    match spec:
        case TeacherUrl():
            return
        case TeacherJob():
            _run_or_cancel(hub, spec, running)
        case EndpointSpec():
            run_or_pause(hub, spec, running)


def _newest_job(hub: Connection) -> JobInfo | None:
    with translate_errors("look for the teacher's job"):
        return next(
            iter(hub.api.list_jobs(namespace=hub.org, labels=dict([names.TEACHER_LABEL]))), None
        )


def _state_of_job(job: JobInfo | None) -> Teacher:
    stage = value_of(job.status.stage) if job else ""
    if job is None or stage in (JobStage.CANCELED, JobStage.COMPLETED, JobStage.DELETED):
        return Teacher()
    if stage == JobStage.ERROR:
        return Teacher("failed")
    urls = job.status.expose_urls or []
    return Teacher("running", urls[0]) if stage == JobStage.RUNNING and urls else Teacher("pending")


def _run_or_cancel(hub: Connection, spec: TeacherJob, running: bool) -> None:
    """Run one job, which ends by itself after its time limit, or cancel all of them."""
    with translate_errors(f"{'start' if running else 'cancel'} the teacher's job"):
        alive = list(alive_jobs(hub, names.TEACHER_LABEL))
        if running and not alive:
            hub.api.run_job(
                image=spec.image,
                command=list(spec.command),
                flavor=spec.flavor,
                timeout=spec.timeout_minutes * 60,
                expose=[spec.port],
                name=spec.name,
                labels=dict([names.TEACHER_LABEL]),
                secrets={"HF_TOKEN": hub.job_token},
                namespace=hub.org,
            )
        elif not running:
            for job in alive:
                cancel_job(hub, job.id)
