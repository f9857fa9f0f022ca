"""Sign a checkpoint: when the log has grown, get the signer's word for it and keep it.

Given the store and the signer; proves to the signer that the log continues what it signed last; keeps the note. The
signature follows the commit of the leaves: a signer that is down holds up nothing but closing.
"""

from sqlalchemy import Connection

from server.core.ids import ShopId
from server.core.log import merkle
from server.signer.client import SignerClient
from server.store import checkpoints, log
from server.store.unit_of_work import Store, UnitOfWork


def sign_checkpoint(store: Store, signer: SignerClient) -> int:
    """Make the signed size the log's size; give it. Nothing is done when nothing was added.

    Raises: SignerDown: ask again later. RootNotExtending: the log is not the one that was signed (a restored backup, or
    a rewritten history); it stays unsigned until two people decide.
    """
    shop_id = store.shop_id
    origin = log.origin_of(shop_id)
    head = store.read(lambda conn: log.head(conn, shop_id))
    if head.size == store.read(lambda conn: checkpoints.signed_size(conn, shop_id)):
        return head.size
    last_size, _ = signer.last(origin)
    proof = store.read(lambda conn: _proof(conn, shop_id, old=last_size, new=head.size))
    note = signer.checkpoint(origin, size=head.size, root=head.root(), proof=proof)

    def keep(work: UnitOfWork) -> None:
        # Another caller may have kept the same size while the signer worked; its note says the same.
        if checkpoints.signed_size(work.conn, shop_id) < head.size:
            checkpoints.add(work.conn, shop_id, head=head, note=note, signed_at=work.now)

    store.run(keep)
    return head.size


def _proof(connection: Connection, shop_id: ShopId, *, old: int, new: int) -> tuple[bytes, ...]:
    """The consistency proof between two sizes; empty where none is needed. Reads the new leaves only, as a rule."""
    if not 0 < old < new:
        return ()
    signed = checkpoints.signed_head(connection, shop_id, old)
    if signed is None:
        # The signer answered for a size whose note was not kept: the server ended in between.
        signed = merkle.Frontier.of(log.leaf_hashes(connection, shop_id, end=old))
    return merkle.extension_proof(signed, log.leaf_hashes(connection, shop_id, start=old, end=new))
