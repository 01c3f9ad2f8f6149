"""Tells the outside what happened (MGT-14): POST to OUT_POST_URL, answer {retCode}."""

import json

from trunkline_kernel.parameters import Parameters

from ..parameters import OUT_POST_URL
from ..store.queues import Notice
from .http_post import UNREACHED, Answer, Post


class NoticePost:
    """Takes notices by HTTP POST; 2xx means that one is taken, unless its retCode is not 0."""

    name = "notice"

    def __init__(self, parameters: Parameters, post: Post) -> None:
        self._parameters = parameters
        self._post = post

    @property
    def wanted(self) -> bool:
        """Whether a URL is named."""
        return bool(self._parameters[OUT_POST_URL])

    def subject(self, notice: Notice) -> str:
        """Return the end of the URL."""
        return notice.path

    async def take(self, notice: Notice) -> str:
        """Post one notice; return what went wrong, if anything did."""
        url = self._parameters[OUT_POST_URL].rstrip("/") + notice.path
        try:
            answer = await self._post(url, notice.body.encode())
        except UNREACHED as error:
            return str(error) or type(error).__name__
        return _problem(answer)


def _problem(answer: Answer) -> str:
    if not answer.taken:
        return f"HTTP {answer.status}"
    try:
        content = json.loads(answer.body or b"{}")
    except ValueError:
        return ""
    code = content.get("retCode", 0) if isinstance(content, dict) else 0
    return "" if code in (0, "0") else f"retCode {code}"
