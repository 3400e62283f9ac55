"""Sessions as transcripts tell them: prompts, thinking, replies, tools, subagents, commits, tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from steward.domains.telemetry import (
    Batch,
    CommitTold,
    MessageKind,
    MessageRole,
    MessageTold,
    SessionTold,
    Source,
    TieSource,
    TieTold,
    ToolKind,
    ToolTold,
    UsageSource,
    UsageTold,
    absorb,
)
from steward.kit.db import Actor, Database, Db

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
# No price list knows it: what it cost is what was told.
MODEL = "a-model-of-the-tests"


@dataclass
class Teller:
    """Tells one session, a step each second.

    Attributes:
        id: of the session.
        at: when the next step happens.
        batch: what was told since it was taken last.
    """

    id: UUID = field(default_factory=uuid4)
    at: datetime = START
    client: str = "claude-code"
    model: str = MODEL
    batch: Batch = field(default_factory=Batch)
    count: int = 0

    def session(self, **known: object) -> Teller:
        """Tell of the session itself."""
        told = SessionTold(self.id, self.client, str(self.id), self.at, self.at, model=self.model)
        for name, value in known.items():
            setattr(told, name, value)
        self.batch.sessions.append(told)
        return self

    def say(
        self,
        text: str,
        role: MessageRole = MessageRole.USER,
        kind: MessageKind = MessageKind.TEXT,
        subagent: str | None = None,
    ) -> Teller:
        """Tell of something that was said."""
        self._step()
        self.batch.messages.append(
            MessageTold(
                uuid4(),
                self.id,
                role,
                text,
                self.at,
                Source.TRANSCRIPT,
                kind,
                self.count,
                subagent,
                self.model,
            )
        )
        return self

    def answer(
        self,
        text: str,
        output: int = 50,
        cost: str | None = "0.01",
        thinking: str = "",
        subagent: str | None = None,
    ) -> Teller:
        """Tell of a reply and of what it took."""
        self._step()
        self.spend(output, cost, subagent)
        for kind, words in ((MessageKind.THINKING, thinking), (MessageKind.TEXT, text)):
            if words:
                self.count += 1
                self.batch.messages.append(
                    MessageTold(
                        uuid4(), self.id, MessageRole.ASSISTANT, words, self.at, Source.TRANSCRIPT, kind, self.count,
                        subagent, self.model,
                    )
                )  # fmt: skip
        return self

    def spend(self, output: int = 50, cost: str | None = "0.01", subagent: str | None = None) -> Teller:
        """Tell of a response: 10 tokens of input, 100 read from the cache, 5 written to it."""
        self.count += 1
        key = f"claude:msg:{self.id}-{self.count}"
        self.batch.usage.append(
            UsageTold(
                UsageSource.TRANSCRIPT, key, self.client, self.model, self.at, [key], None, self.id,
                input_tokens=10, output_tokens=output, cache_read_tokens=100, cache_write_tokens=5,
                reported_cost_usd=None if cost is None else Decimal(cost), subagent=subagent,
            )
        )  # fmt: skip
        return self

    def tool(
        self, name: str, kind: ToolKind = ToolKind.COMMAND, success: bool | None = True, **known: object
    ) -> Teller:
        """Tell of a tool that was used."""
        self._step()
        told = ToolTold(
            self.id, f"call-{self.count}", Source.TRANSCRIPT, name, kind, success=success, started_at=self.at,
            ended_at=self.at + timedelta(milliseconds=400), duration_ms=400,
        )  # fmt: skip
        for field_name, value in known.items():
            setattr(told, field_name, value)
        self.batch.tools.append(told)
        return self

    def commit(self, subject: str, sha: str = "0123456789abcdef0123456789abcdef01234567") -> Teller:
        """Tell of a commit."""
        self._step()
        self.batch.commits.append(CommitTold(self.id, sha, self.at, "transcript", subject, "main"))
        return self

    def tie(self, task_id: UUID, source: TieSource = TieSource.RUN) -> Teller:
        """Tell that the session works on a task from its begin on."""
        self.batch.ties.append(TieTold(self.id, task_id, source, START - timedelta(days=1)))
        return self

    def _step(self) -> None:
        self.at += timedelta(seconds=1)
        self.count += 1
        for told in self.batch.sessions:
            told.last_seen_at = max(told.last_seen_at, self.at)

    def to(self, db: Db) -> UUID:
        """Have everything taken in; return the session's id."""
        if not self.batch.sessions:
            self.session()
        absorb(db, self.batch)
        self.batch = Batch(sessions=self.batch.sessions)
        return self.id

    def into(self, database: Database) -> UUID:
        """Have everything taken in by a transaction of its own."""
        with database.transaction(Actor(role="admin"), operation="test") as db:
            return self.to(db)
