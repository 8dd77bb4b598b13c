"""Over, under or pass: a chance against the chances that two American prices stand for."""

from dataclasses import dataclass

LEAST_EDGE = 0.03  # above the price's own chance; below it a side's profit is within what the chance may be wrong by


@dataclass(frozen=True, slots=True)
class Decision:
    """A side, or a pass, and why in words."""

    side: str  # over, under, pass
    reason: str


def price_chance(price: float) -> float:
    """Return the chance at which a bet at this American price breaks even."""
    return -price / (100 - price) if price < 0 else 100 / (100 + price)


def no_vig(over_price: float, under_price: float) -> float:
    """Return the market's chance of over: both prices' chances scaled to add up to one."""
    one, other = price_chance(over_price), price_chance(under_price)
    return one / (one + other)


def decide(chance_over: float, *, over_price: float | None, under_price: float | None) -> Decision:
    """Choose the side whose chance beats its price's by LEAST_EDGE; a side without a price cannot be chosen."""
    edges = {
        side: chance - price_chance(price)
        for side, chance, price in (("over", chance_over, over_price), ("under", 1 - chance_over, under_price))
        if price is not None
    }
    if not edges:
        return Decision("pass", "no price is offered")
    side = max(edges, key=lambda one: edges[one])
    said = f"{side} at {chance_over if side == 'over' else 1 - chance_over:.1%}, {edges[side]:+.1%} against its price"
    if edges[side] < LEAST_EDGE:
        return Decision("pass", f"{said}: less than {LEAST_EDGE:.0%}")
    return Decision(side, said)
