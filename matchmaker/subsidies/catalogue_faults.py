"""What can be wrong in a policy file, each fault with file, line and the clause or section it stands in. Pure."""

from __future__ import annotations

from matchmaker.core.errors import N_, Invalid, InvalidMany


class CatalogueFault(Invalid):
    """One fault of a policy file. Facts: file, line (from 1), where (id of the clause or name of the section)."""

    code = "subsidies.catalogue_fault"

    def __str__(self) -> str:
        return self.phrase % {
            name: ", ".join(value) if isinstance(value, tuple) else value for name, value in self.facts.items()
        }


class BadCatalogue(InvalidMany):
    """Every fault of a policy file at once."""

    code = "subsidies.bad_catalogue"

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


class NotYaml(CatalogueFault):
    code = "subsidies.not_yaml"
    phrase = N_("%(file)s, line %(line)s: this is not well-formed YAML: %(detail)s.")


class NotAMapping(CatalogueFault):
    code = "subsidies.not_a_mapping"
    phrase = N_("%(file)s, line %(line)s, %(where)s: expected keys with values here.")


class NotAList(CatalogueFault):
    code = "subsidies.not_a_list"
    phrase = N_("%(file)s, line %(line)s, %(where)s: expected a list here.")


class UnknownKey(CatalogueFault):
    code = "subsidies.unknown_key"
    phrase = N_("%(file)s, line %(line)s, %(where)s: unknown key “%(key)s”. Known keys: %(known)s.")


class DuplicateKey(CatalogueFault):
    code = "subsidies.duplicate_key"
    phrase = N_("%(file)s, line %(line)s, %(where)s: the key “%(key)s” stands here a second time.")


class MissingKey(CatalogueFault):
    code = "subsidies.missing_key"
    phrase = N_("%(file)s, line %(line)s, %(where)s: the key “%(key)s” is missing.")


class NotText(CatalogueFault):
    code = "subsidies.not_text"
    phrase = N_("%(file)s, line %(line)s, %(where)s: “%(key)s” must be one line of text without blanks around it.")


class NotAWholeNumber(CatalogueFault):
    code = "subsidies.not_a_whole_number"
    phrase = N_("%(file)s, line %(line)s, %(where)s: “%(key)s” must be a whole number from 1 to %(limit)s.")


class NotADay(CatalogueFault):
    code = "subsidies.not_a_day"
    phrase = N_("%(file)s, line %(line)s, %(where)s: “%(key)s” must be a day such as 2025-01-06.")


class NotARate(CatalogueFault):
    code = "subsidies.not_a_rate"
    phrase = N_("%(file)s, line %(line)s, %(where)s: “%(key)s” must be a fraction above 0 and up to 1, such as 3/100.")


class NotOneOf(CatalogueFault):
    code = "subsidies.not_one_of"
    phrase = N_("%(file)s, line %(line)s, %(where)s: “%(key)s” cannot be “%(value)s”. Possible: %(options)s.")


class NotAFlag(CatalogueFault):
    code = "subsidies.not_a_flag"
    phrase = N_("%(file)s, line %(line)s, %(where)s: “%(key)s” must be true or false.")


class WrongSum(CatalogueFault):
    code = "subsidies.wrong_sum"
    phrase = N_(
        "%(file)s, line %(line)s, %(where)s: “%(key)s” does not fit the kind “%(kind)s”. Kinds cap, fixed and floor "
        "state amount_fen and no percent, pct states percent and no amount_fen, none states neither."
    )


class RateWithoutCap(CatalogueFault):
    code = "subsidies.rate_without_cap"
    phrase = N_("%(file)s, line %(line)s, %(where)s: kind “%(kind)s” cannot have a “%(key)s”; only kind cap can.")


class NobodyToPay(CatalogueFault):
    code = "subsidies.nobody_to_pay"
    phrase = N_("%(file)s, line %(line)s, %(where)s: kind “%(kind)s” pays nobody, so “%(key)s” must be empty.")


class Unpaired(CatalogueFault):
    code = "subsidies.unpaired"
    phrase = N_("%(file)s, line %(line)s, %(where)s: “%(key)s” and “%(partner)s” must both be stated or both be null.")


class DuplicateId(CatalogueFault):
    code = "subsidies.duplicate_id"
    phrase = N_("%(file)s, line %(line)s, %(where)s: this id was already used in line %(first_line)s.")


class ReservedId(CatalogueFault):
    code = "subsidies.reserved_id"
    phrase = N_(
        "%(file)s, line %(line)s, %(where)s: this id is the platform's own, for something that every clause has. "
        "Choose another."
    )


class NotAnId(CatalogueFault):
    code = "subsidies.not_an_id"
    phrase = N_(
        "%(file)s, line %(line)s, %(where)s: “%(key)s” must be small letters, digits and underscores, "
        "beginning with a letter, at most 40."
    )


class NothingInCatalogue(CatalogueFault):
    code = "subsidies.nothing_in_catalogue"
    phrase = N_("%(file)s, line %(line)s: the file states neither clauses nor targets.")


class NotACondition(CatalogueFault):
    code = "subsidies.not_a_condition"
    phrase = N_(
        "%(file)s, line %(line)s, %(where)s: expected “all” or “any” with a list, “not” with a condition, or “fact” "
        "with one comparison."
    )


class EmptyCondition(CatalogueFault):
    code = "subsidies.empty_condition"
    phrase = N_("%(file)s, line %(line)s, %(where)s: “%(key)s” needs a list of at least one condition.")


class FactUnknown(CatalogueFault):
    code = "subsidies.fact_unknown"
    phrase = N_("%(file)s, line %(line)s, %(where)s: there is no fact “%(fact)s”. Similar: %(near)s.")


class ComparisonUnknown(CatalogueFault):
    code = "subsidies.comparison_unknown"
    phrase = N_(
        "%(file)s, line %(line)s, %(where)s: “%(fact)s” cannot be compared by “%(word)s”. Possible: %(options)s."
    )


class ValueUnfit(CatalogueFault):
    code = "subsidies.value_unfit"
    phrase = N_("%(file)s, line %(line)s, %(where)s: “%(word)s” does not fit the fact “%(fact)s”, which is a %(type)s.")


class TooDeep(CatalogueFault):
    code = "subsidies.too_deep"
    phrase = N_("%(file)s, line %(line)s, %(where)s: conditions may be nested %(limit)s deep and no deeper.")


class TooLarge(CatalogueFault):
    code = "subsidies.too_large"
    phrase = N_("%(file)s, line %(line)s, %(where)s: one condition may have %(limit)s parts and no more.")


class NameUnknown(CatalogueFault):
    code = "subsidies.name_unknown"
    phrase = N_("%(file)s, line %(line)s, %(where)s: “%(key)s” names “%(name)s”, which this file does not define.")


class OneSided(CatalogueFault):
    code = "subsidies.one_sided"
    phrase = N_("%(file)s, line %(line)s, %(where)s: it excludes “%(name)s”, but “%(name)s” does not exclude it.")


class OutOfOrder(CatalogueFault):
    code = "subsidies.out_of_order"
    phrase = N_("%(file)s, line %(line)s, %(where)s: dated values must follow each other, the first after %(day)s.")


class NothingChanges(CatalogueFault):
    code = "subsidies.nothing_changes"
    phrase = N_("%(file)s, line %(line)s, %(where)s: a dated value must change something. Possible: %(options)s.")


class NotACase(CatalogueFault):
    code = "subsidies.not_a_case"
    phrase = N_("%(file)s, line %(line)s, %(where)s: expected %(expected)s, found %(found)s.")
