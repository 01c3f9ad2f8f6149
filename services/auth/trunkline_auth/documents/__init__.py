"""What auth keeps of documents: `access` of gateways and phones."""

from .feed import DirectoryFeed
from .kinds import CHECKS, kinds

__all__ = ["CHECKS", "DirectoryFeed", "kinds"]
