"""Tasks of several turns, their environments, and a scripted baseline for each."""

from thinkharder.tasks.agents.baselines import ArchiveReader, SingleEdits
from thinkharder.tasks.agents.documents import DocumentTask, DocumentWorld
from thinkharder.tasks.agents.repair import RepairTask, RepairWorld

__all__ = ["ArchiveReader", "DocumentTask", "DocumentWorld", "RepairTask", "RepairWorld", "SingleEdits"]
