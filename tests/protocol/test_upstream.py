from protocol.upstream import answering_model


def test_program_gets_the_model_that_it_names_if_there_is_such():
    assert answering_model("llava", "gemma", ("gemma", "llava")) == "llava"
    assert answering_model("gpt-4o", "gemma", ("gemma", "llava")) == "gemma"
