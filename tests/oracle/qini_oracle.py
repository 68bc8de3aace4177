"""Qini by going through the definition customer by customer (Radcliffe 2007), to hold `predict.uplift.qini` against."""

from itertools import pairwise


def curve(score, treated, responded):
    """Points (customers, extra responses) at the end of every group of one score, from the highest."""
    points = [(0.0, 0.0)]
    for threshold in sorted(set(score), reverse=True):
        inside = [row for row, value in enumerate(score) if value >= threshold]
        contacted = [row for row in inside if treated[row] == 1]
        others = [row for row in inside if treated[row] == 0]
        extra = float(sum(responded[row] for row in contacted))
        if others:
            extra -= sum(responded[row] for row in others) * len(contacted) / len(others)
        points.append((float(len(inside)), extra))
    return points


def area(points):
    return sum((right[0] - left[0]) * (left[1] + right[1]) / 2 for left, right in pairwise(points))


def q(score, treated, responded):
    """(area - random) / (optimum - random), where the optimum is the better of the two orders that can be best."""
    points = curve(score, treated, responded)
    random = points[-1][0] * points[-1][1] / 2
    kinds = list(zip(treated, responded, strict=True))
    plain = {(1, 1): 4, (0, 0): 3, (1, 0): 2, (0, 1): 1}
    turned = {(1, 1): 4, (0, 0): 3, (0, 1): 2, (1, 0): 1}
    best = max(area(curve([order[kind] for kind in kinds], treated, responded)) for order in (plain, turned))
    return (area(points) - random) / (best - random)
