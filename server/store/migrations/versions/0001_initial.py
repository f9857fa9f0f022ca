"""The first tables.

On a running system: nothing runs before this.
"""

from alembic import op

from server.store.tables import METADATA

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table of the present metadata; written out column by column at the first release."""
    METADATA.create_all(op.get_bind())
