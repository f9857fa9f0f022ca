"""Sign a checkpoint: when the log has grown, get the signer's word for it and keep it.

Given the store and the signer; proves to the signer that the log continues what it signed last; keeps the note. The
signature follows the commit of the leaves: a signer that is down holds up nothing but closing.
"""

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
    size = store.read(lambda conn: log.head(conn, shop_id)).size
    if size == store.read(lambda conn: checkpoints.signed_size(conn, shop_id)):
        return size
    hashes = store.read(lambda conn: log.leaf_hashes(conn, shop_id, end=size))
    last_size, _ = signer.last(origin)
    proof = merkle.consistency_proof(hashes, last_size, size) if 0 < last_size < size else ()
    root = merkle.root_of(hashes)
    note = signer.checkpoint(origin, size=size, root=root, proof=proof)

    def keep(work: UnitOfWork) -> None:
        # Another caller may have kept the same size while the signer worked; its note says the same.
        if checkpoints.signed_size(work.conn, shop_id) < size:
            checkpoints.add(work.conn, shop_id, size=size, root=root, note=note, signed_at=work.now)
            # Who waits to verify a sealed tray waits for this; the desk shows nothing else than before.
            work.announce("tour", "checkpoint.signed", {"size": size})

    store.run(keep)
    return size
