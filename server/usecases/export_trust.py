"""Export trust: what a stranger keeps of the shop's log, so that a later pack need not be believed on its own word.

Given the store and the signer; signs a checkpoint over all that is logged; gives the log's key, the records' seal and that
checkpoint. Nothing of the shop's stock or people is in it.
"""

from hashlib import sha256

from server.core.errors import Conflict
from server.core.log.note import VerifierKey
from server.core.log.trust import Trust
from server.signer.client import SignerClient
from server.store import checkpoints, log
from server.store.unit_of_work import Store
from server.usecases.sign_checkpoint import sign_checkpoint


class NothingSigned(Conflict):
    """The log has no signed checkpoint to hand out."""

    code = "nothing_signed"


def export_trust(store: Store, signer: SignerClient) -> Trust:
    """The trust file of now. Its one checkpoint is the newest, which stands for all before it.

    Raises: SignerDown. RootNotExtending: the log is not the one that was signed. NothingSigned: an empty log.
    """
    size = sign_checkpoint(store, signer)
    notes = store.read(lambda conn: checkpoints.notes(conn, store.shop_id, up_to=size))
    if not notes:
        raise NothingSigned("Nothing is logged in this shop yet, so there is nothing to trust. Import the stock first.")
    origin = log.origin_of(store.shop_id)
    return Trust(
        origin=origin,
        vkeys=(VerifierKey.from_text(signer.vkey(origin)),),
        pdf_cert_sha256=sha256(signer.pdf_certificate()).hexdigest(),
        checkpoints=(notes[-1],),
    )
