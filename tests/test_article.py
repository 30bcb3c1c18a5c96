"""The article's table is as it was published."""

from zerohttpd_lib.lab.article import LEVELS, RUNGS, WIDE, published_table


def test_the_table_has_its_seven_columns_and_all_of_its_levels() -> None:
    table = published_table()
    assert tuple(table) == RUNGS
    assert sorted({level for column in table.values() for level in column}) == list(LEVELS)


def test_a_few_places_that_the_chapters_speak_of() -> None:
    table = published_table()
    assert table["iterative"] == {20: 7, 50: 7, 100: 7, 200: 7}
    assert (table["poll"][300], table["poll"][2500], table["poll"][3000]) == (2250, 490, WIDE)
    assert (table["epoll"][1000], table["epoll"][15_000]) == (2439, 1281)
    assert table["prethreaded"][12_000] == 970


def test_a_level_that_was_not_reached_is_not_there() -> None:
    assert 5000 not in published_table()["poll"]
    assert 300 not in published_table()["iterative"]
