"""Names agree by deterministic tiers, and never by likeness."""

import string
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from brainarr.domain.names import (
    NAME_LIMIT,
    NAMELESS,
    Tier,
    clean_name,
    name_keys,
    same_name,
    split_collaboration,
    title_key,
)

anything = st.text(max_size=400)
plain_word = st.text(string.ascii_lowercase, min_size=2, max_size=10).filter(
    lambda word: word not in {"the", "and", "feat", "ft", "featuring", "vs", "versus", "with"}
)
plain_name = st.lists(plain_word, min_size=1, max_size=4).map(" ".join)


@pytest.mark.parametrize(
    ("one", "other", "tier"),
    [
        ("Slowdive", "  SLOWDIVE ", Tier.EXACT),
        ("Boards of Canada", "Boards Of\tCanada", Tier.EXACT),
        ("Guns N’ Roses", "Guns N' Roses", Tier.TYPOGRAPHY),
        ("Ｂｏｒｉｓ", "Boris", Tier.TYPOGRAPHY),
        ("a‐ha", "a-ha", Tier.TYPOGRAPHY),
        ("Bo\u200bris", "Boris", Tier.TYPOGRAPHY),
        ("Sigur Rós", "Sigur Ros", Tier.PLAIN),
        ("Mø", "MO", Tier.PLAIN),
        ("R.E.M.", "REM", Tier.PLAIN),
        ("Godspeed You! Black Emperor", "Godspeed You Black Emperor", Tier.PLAIN),
        ("Earth, Wind & Fire", "Earth Wind & Fire", Tier.PLAIN),
        ("A$AP Rocky", "ASAP Rocky", Tier.PLAIN),
        ("Bada$$", "Badass", Tier.PLAIN),
        ("P!nk", "Pink", Tier.PLAIN),
        ("Алёна", "Алена", Tier.PLAIN),
        ("Άλφα", "Αλφα", Tier.PLAIN),
        ("( )", "()", Tier.PLAIN),
        ("The Cure", "Cure", Tier.WORDS),
        ("Beatles, The", "The Beatles", Tier.WORDS),
        ("Simon & Garfunkel", "Simon and Garfunkel", Tier.WORDS),
        ("Florence + the Machine", "Florence and the Machine", Tier.WORDS),
        ("Gorillaz feat. De La Soul", "Gorillaz", Tier.WORDS),
        ("Gorillaz (ft. De La Soul)", "Gorillaz", Tier.WORDS),
        ("AC/DC", "ACDC", Tier.WORDS),
        ("椎名 林檎", "椎名林檎", Tier.WORDS),
        ("Bowie, David", "David Bowie", Tier.INVERTED),
        ("Bowie, David feat. Queen", "David Bowie", Tier.INVERTED),
        ("Dog, Rex the", "Rex the Dog", Tier.INVERTED),
        ("Кино", "Kino", Tier.ROMANISED),
        ("Виктор Цой", "Viktor Tsoy", Tier.ROMANISED),
        ("Виктор Цой", "Viktor Tsoi", Tier.ROMANISED),
        ("Виктор Цой", "Viktor Coj", Tier.ROMANISED),
        ("Юлия Савичева", "Iuliia Savicheva", Tier.ROMANISED),
        ("Юлия Савичева", "Julija Savičeva", Tier.ROMANISED),
        ("Лёха", "Lyokha", Tier.ROMANISED),
        ("Μιχάλης Χατζηγιάννης", "Michalis Chatzigiannis", Tier.ROMANISED),
        ("ムック", "Mukku", Tier.ROMANISED),
        ("マッチャ", "Matcha", Tier.ROMANISED),
        ("サディスティック・ミカ・バンド", "Sadisutikku Mika Bando", Tier.ROMANISED),
        ("アンジェラ・アキ", "Anjera Aki", Tier.ROMANISED),
        ("ファニー・カンパニー", "Fanī Kanpanī", Tier.ROMANISED),
        ("ウィズ", "Wizu", Tier.ROMANISED),
        ("백지영", "Baek Jiyeong", Tier.ROMANISED),
        ("소녀시대", "Sonyeo Sidae", Tier.ROMANISED),
    ],
)
def test_two_spellings_of_one_name_agree_at_the_tier_that_explains_the_difference(
    one: str, other: str, tier: Tier
) -> None:
    assert same_name(one, other) is tier
    assert same_name(other, one) is tier


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", ""),
        (" ", "\u200b"),
        ("!!!", "???"),
        ("‡", "†"),
        ("+/-", "!!!"),
        ("The The", "The"),
        ("Slowdive", "Slowdrive"),
        ("Nirvana", "Nirvana 2"),
        ("Led Zeppelin", "Led Zeppelin II"),
        ("Band of Horses", "Horses"),
        ("王力宏", "汪利红"),
        ("Wham!", "Whami"),
        ("カル", "ガル"),
        ("мой", "мои"),
        ("Julia", "Yulia"),
        ("Tsoi", "Tsoy"),
        ("ムック", "Muku"),
        ("Кино", "Kinos"),
    ],
)
def test_names_that_only_resemble_each_other_never_agree(one: str, other: str) -> None:
    assert same_name(one, other) is None


@pytest.mark.parametrize(
    "name", ["!!!", "+/-", "‡", "∆", "( )", "†††", "★", "👽", "の", "ー", "The", "&", "and"]
)
def test_a_name_of_symbols_or_little_words_keeps_keys_of_its_own(name: str) -> None:
    keys = name_keys(name)
    assert all(keys)
    assert NAMELESS not in keys
    assert same_name(name, name) is Tier.EXACT


@given(anything)
def test_every_text_has_one_key_per_tier_that_is_never_empty(name: str) -> None:
    keys = name_keys(name)
    assert len(keys) == len(Tier)
    assert all(keys)


@given(anything, anything)
def test_agreement_is_symmetric(one: str, other: str) -> None:
    assert same_name(one, other) == same_name(other, one)


@given(anything, st.data())
def test_agreement_at_a_tier_lasts_through_the_looser_ones(name: str, data: st.DataObject) -> None:
    letters = list(name)
    at = data.draw(st.integers(0, len(letters)))
    other = "".join([*letters[:at], data.draw(st.sampled_from(" .'-&é!\u200bＡ,")), *letters[at:]])
    keys, other_keys = name_keys(name), name_keys(other)
    agree = [keys[t] == other_keys[t] for t in Tier if t is not Tier.INVERTED]
    assert agree == sorted(agree)


@given(plain_name)
def test_the_transformations_of_a_name_all_lead_back_to_it(name: str) -> None:
    assert same_name(f"The {name}", name) is Tier.WORDS
    assert same_name(f"{name}, The", f"the {name}") is Tier.WORDS
    assert same_name(f"{name} feat. Somebody Else", name) is Tier.WORDS
    assert same_name(f"{name}!", name) is Tier.PLAIN
    assert (
        same_name(unicodedata.normalize("NFD", name.replace("e", "é")), name.replace("e", "é")) is Tier.EXACT
    )


@given(plain_name, plain_name)
def test_a_sorted_name_agrees_with_the_spoken_one(first: str, last: str) -> None:
    assert same_name(f"{last}, {first}", f"{first} {last}") is not None
    assert same_name(f"{first} & {last}", f"{first} and {last}") is Tier.WORDS


@given(plain_name, plain_word)
def test_one_word_more_makes_another_name(name: str, word: str) -> None:
    assert same_name(name, f"{name} {word}") is None


@given(plain_word, plain_word)
def test_different_words_never_agree(one: str, other: str) -> None:
    assume(one != other)
    assert same_name(one, other) is None


@given(anything)
def test_a_clean_name_is_one_bounded_line_that_any_database_can_keep(text: str) -> None:
    clean = clean_name(text + "\ud800")
    assert len(clean) <= NAME_LIMIT
    assert clean == clean_name(clean)
    assert clean == " ".join(clean.split())
    assert not any(unicodedata.category(ch) in ("Cc", "Cs") for ch in clean)


@pytest.mark.parametrize(
    ("name", "artists"),
    [
        ("Gorillaz feat. De La Soul", ("Gorillaz", "De La Soul")),
        ("Run the Jewels (ft. Zack de la Rocha)", ("Run the Jewels", "Zack de la Rocha")),
        ("A vs. B", ("A", "B")),
        ("Simon & Garfunkel", ("Simon", "Garfunkel")),
        ("Crosby, Stills, Nash & Young", ("Crosby", "Stills", "Nash", "Young")),
        ("Jay-Z / Linkin Park", ("Jay-Z", "Linkin Park")),
        ("Tyler, The Creator", ()),
        ("AC/DC", ()),
        ("Malcolm X", ()),
        ("Ft. Worth", ()),
        ("&", ()),
        ("", ()),
    ],
)
def test_a_collaboration_offers_its_artists_and_a_plain_name_offers_none(
    name: str, artists: tuple[str, ...]
) -> None:
    assert split_collaboration(name) == artists


@given(anything)
def test_the_artists_of_a_collaboration_are_two_or_more_parts_of_its_name(name: str) -> None:
    parts = split_collaboration(name)
    assert len(parts) != 1
    assert all(part and part in clean_name(name) for part in parts)


@pytest.mark.parametrize(
    ("edition", "title"),
    [
        ("OK Computer (Deluxe Edition) [Remastered 2011]", "OK Computer"),
        ("Nevermind - 2011 Remaster", "Nevermind"),
        ("Nevermind – 30th Anniversary Edition", "Nevermind"),
        ("Rumours (Super Deluxe)", "Rumours"),
        ("Rumours Deluxe Edition", "Rumours"),
        ("Live (Deluxe)", "Live"),
        ("Dark Side of the Moon", "The Dark Side of the Moon"),
        ("Ágætis byrjun", "Agaetis Byrjun"),
    ],
)
def test_an_edition_has_the_key_of_its_album(edition: str, title: str) -> None:
    assert title_key(edition) == title_key(title)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1989 (Taylor's Version)", "1989"),
        ("MTV Unplugged (Live)", "MTV Unplugged"),
        ("Blue Lines (Remixes)", "Blue Lines"),
        ("÷", "×"),
        ("+", "="),
        ("( )", ""),
        ("Deluxe", ""),
        ("(Remastered)", ""),
        ("Weezer", "The Weezer Album"),
    ],
)
def test_another_recording_or_a_title_of_symbols_keeps_its_own_key(one: str, other: str) -> None:
    assert title_key(one) != title_key(other)


@given(st.text(max_size=200))
def test_every_title_has_a_key_that_its_editions_share(title: str) -> None:
    assert title_key(title)
    assume(clean_name(title))
    assert title_key(f"{title} (Deluxe Edition)") == title_key(title)
