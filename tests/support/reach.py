"""An observer of which gateways can be reached."""


class Changes:
    """Remembers what changed."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bool, str]] = []

    def gateway_changed(self, name: str, way: str, reachable: bool, explanation: str) -> None:
        """Remember it."""
        self.told.append((name, reachable, explanation))

    def gateway_forgotten(self, name: str, way: str) -> None:
        """Ignore it."""
