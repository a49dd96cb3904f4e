# Experiments, and the verbs that go with them: data sets, word lists, learnt dictionaries, pages of results. add_verbs.cpp lists them.
target_sources(splice_cli PRIVATE
  captions/stop_words.cpp
  experiments/add_verbs.cpp
  experiments/answers.cpp
  experiments/caption_nouns.cpp
  experiments/class_prompts.cpp
  experiments/code_inputs.cpp
  experiments/curve_conditions.cpp
  experiments/curve_document.cpp
  experiments/deliver.cpp
  experiments/dictionary_learning.cpp
  experiments/edit_arguments.cpp
  experiments/empty_codes.cpp
  experiments/experiment_inputs.cpp
  experiments/group_arguments.cpp
  experiments/intervention.cpp
  experiments/kept_rows.cpp
  experiments/linearity_triples.cpp
  experiments/paired_texts.cpp
  experiments/probe_arguments.cpp
  experiments/result_document.cpp
  experiments/shift_tables.cpp
  experiments/spread_rows.cpp
  experiments/spurious_table.cpp
  experiments/statistics_tables.cpp
  experiments/verb_antonyms.cpp
  experiments/verb_intervene.cpp
  experiments/verb_linearity.cpp
  experiments/verb_modality_gap.cpp
  experiments/verb_probe.cpp
  experiments/verb_relevance.cpp
  experiments/verb_retrieval.cpp
  experiments/verb_scan.cpp
  experiments/verb_search.cpp
  experiments/verb_shift.cpp
  experiments/verb_summarize.cpp
  experiments/verb_zero_shot.cpp
  experiments/walked_rows.cpp
  experiments/word_embeddings.cpp
  report/check_chart.cpp
  report/code_documents.cpp
  report/inflate_text.cpp
  report/page_data.cpp
  report/read_result.cpp
  report/result_page.cpp
  report/table_csv.cpp
  verb_dataset_info.cpp
  verb_dictionary_learn.cpp
  verb_dictionary_random.cpp
  verb_evaluate_sparsity_curve.cpp
  verb_report.cpp
  verb_vocabulary_count.cpp
  ${CMAKE_CURRENT_BINARY_DIR}/vega_script.cpp)
list(APPEND hot captions/caption_reader.cpp captions/frequent_items.cpp)
list(APPEND libraries splice_experiments splice_data)
if(SPLICE_QUICK)
  splice_unity(splice_cli documents captions/stop_words.cpp experiments/spread_rows.cpp)
endif()
splice_unity(splice_cli explaining
  experiments/add_verbs.cpp
  experiments/code_inputs.cpp
  experiments/group_arguments.cpp
  experiments/verb_scan.cpp
  experiments/verb_search.cpp
  experiments/verb_shift.cpp
  experiments/verb_summarize.cpp
  verb_dataset_info.cpp
  verb_report.cpp
  verb_vocabulary_count.cpp)
splice_unity(splice_cli probing
  experiments/deliver.cpp
  experiments/edit_arguments.cpp
  experiments/experiment_inputs.cpp
  experiments/intervention.cpp
  experiments/kept_rows.cpp
  experiments/probe_arguments.cpp
  experiments/verb_intervene.cpp
  experiments/verb_probe.cpp)
splice_unity(splice_cli measuring
  experiments/linearity_triples.cpp
  experiments/paired_texts.cpp
  experiments/verb_antonyms.cpp
  experiments/verb_linearity.cpp
  experiments/verb_modality_gap.cpp
  experiments/verb_relevance.cpp
  experiments/verb_retrieval.cpp
  experiments/word_embeddings.cpp)
splice_unity(splice_cli learning
  experiments/class_prompts.cpp
  experiments/curve_conditions.cpp
  experiments/verb_zero_shot.cpp
  experiments/walked_rows.cpp
  verb_dictionary_learn.cpp
  verb_dictionary_random.cpp
  verb_evaluate_sparsity_curve.cpp)
splice_unity(splice_cli documents
  experiments/answers.cpp
  experiments/curve_document.cpp
  experiments/result_document.cpp
  experiments/shift_tables.cpp
  experiments/spurious_table.cpp
  experiments/statistics_tables.cpp
  report/check_chart.cpp
  report/code_documents.cpp
  report/page_data.cpp
  report/read_result.cpp
  report/result_page.cpp
  report/table_csv.cpp)
splice_unity(splice_cli text
  experiments/caption_nouns.cpp
  experiments/dictionary_learning.cpp
  experiments/empty_codes.cpp
  report/inflate_text.cpp)
