"""The PIN of a signature: the same slow, counted check as at sign-in, for the person who is signed in on this device."""

from server.core.ids import DeviceId, PersonId
from server.store import people
from server.store.unit_of_work import Store
from server.usecases.enrol_person import PinMac
from server.usecases.sign_in import PinGuard, WrongPin
from server.usecases.sign_tour import CheckPin


def pin_check(store: Store, *, device: DeviceId, pin_mac: PinMac, guard: PinGuard) -> CheckPin:
    """A check for signatures on one device. It raises: PinLocked, WrongPin, SignerDown."""

    def check(person: PersonId, pin: str) -> None:
        stored = store.read(lambda conn: people.pin_hash(conn, store.shop_id, person))
        if not guard.is_right(store, person, device, pin=pin, stored=stored, pin_mac=pin_mac):
            raise WrongPin("This is not your PIN. Nothing was signed; check it and try again.")

    return check
