"""One fixture: the shop drawn in the test's own docstring."""

import pytest

from tests.server.core.discrepancies.shop_picture import ShopPicture, draw


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> ShopPicture:
    return draw(request.function.__doc__)
